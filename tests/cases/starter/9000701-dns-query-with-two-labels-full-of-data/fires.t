# DNS query with two labels full of data.
proto udp
client 10.0.0.1:40000
server 10.96.0.10:53

>>>
\x1a+\x01\x00\x00\x01\x00\x00\x00\x00\x00\x009abcdefghij0123456789klmnopqrst0123456789uvwxyzabcdef0123400123456789abcdef0123456789abcdef0123456789abcdef\x01
t\x07example\x00\x00\x01\x00\x01
