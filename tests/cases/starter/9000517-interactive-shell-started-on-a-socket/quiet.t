# A question about the message.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
why does it say no job control in this shell?\n
