# One long label, as networks for content use.
proto udp
client 10.0.0.1:40000
server 10.96.0.10:53

>>>
\x1a+\x01\x00\x00\x01\x00\x00\x00\x00\x00\x008aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0123456789abcdefghijabcdef\x03
cdn\x07example\x00\x00\x01\x00\x01
