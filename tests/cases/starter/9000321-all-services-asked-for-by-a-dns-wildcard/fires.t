# all services asked for by a DNS wildcard.
proto udp
client 10.0.0.1:40000
server 10.96.0.10:53

>>>
\x1a+\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03any\x03any\x03svc\x07cluster\x05local\x00\x00!\x00
\x01
