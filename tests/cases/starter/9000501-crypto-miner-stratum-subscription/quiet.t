# The word in another message.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:3333

>>>
{"text":"what is mining.subscribe"}\n
