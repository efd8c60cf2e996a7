# A client asks for the time.
proto udp
client 10.0.0.1:40000
server 10.0.0.2:123

>>>
\x23\x00\x03*
@repeat 44 \x00
