# name of a call-back service asked for.
proto udp
client 10.0.0.1:40000
server 10.96.0.10:53

>>>
\x1a+\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00 c8f1q2m3n4p5r6s7t8u9v0w1x2y3z4a5\x04oast\x03fun\x00
\x00\x01\x00\x01
