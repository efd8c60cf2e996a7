# A heartbeat of length 0.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:443

>>>
\x18\x03\x02\x00\x03\x01\x00\x00
