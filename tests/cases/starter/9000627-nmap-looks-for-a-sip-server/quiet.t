# A telephone.
proto udp
client 10.0.0.1:40000
server 10.0.0.2:5060

>>>
OPTIONS sip:nina@example.com SIP/2.0\r\n
Via: SIP/2.0/UDP a\r\n
\r\n
