# NTP, list of clients asked for.
proto udp
client 10.0.0.1:40000
server 10.0.0.2:123

>>>
\x17\x00\x03*\x00\x00\x00\x00
