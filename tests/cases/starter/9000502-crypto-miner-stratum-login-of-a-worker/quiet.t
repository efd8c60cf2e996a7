# The word as a parameter.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:3333

>>>
{"id":2,"method":"help","params":["mining.authorize"]}\n
