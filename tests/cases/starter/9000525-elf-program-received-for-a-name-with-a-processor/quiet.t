# The name does not tell a processor.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /bins/tool HTTP/1.1\r\n
Host: 198.51.100.7\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 20\r\n
\r\n
\x7fELF\x01\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x08
