# The name within a longer one.
proto udp
client 10.0.0.1:40000
server 10.96.0.10:53

>>>
\x1a+\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04pool\x0bmoneroocean\x06stream\x07example\x00\x00
\x01\x00\x01
