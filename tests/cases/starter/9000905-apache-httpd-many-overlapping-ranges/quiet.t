# Two parts of a film.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /video HTTP/1.1\r\n
Host: shop.example\r\n
Range: bytes=0-1023,4096-8191\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
