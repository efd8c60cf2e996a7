# dnscat2 by its prefix.
proto udp
client 10.0.0.1:40000
server 10.96.0.10:53

>>>
\x1a+\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06dnscat\x125c8001a2b30000a1b2\x00\x00\x10\x00\x01
