# A key for mail.
proto udp
client 10.0.0.1:40000
server 10.96.0.10:53

>>>
\x1a+\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\tselector1\n
_domainkey\x1dsome-rather-long-company-name\tcorporate\x07example\x00\x00\x10\x00\x01
