# An internal entity.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /api/xml HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/xml\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 64\r\n
\r\n
\x3c?xml version="1.0"?><!DOCTYPE r [<!ENTITY x "text">]><r>&x;</r>

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
