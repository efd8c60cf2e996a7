# A key is read.
proto udp
client 10.0.0.1:40000
server 10.0.0.2:11211

>>>
\x00\x01\x00\x00\x00\x01\x00\x00get a\r\n
