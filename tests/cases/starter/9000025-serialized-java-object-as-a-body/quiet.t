# The same bytes, but not at the start.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /upload HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/octet-stream\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 26\r\n
\r\n
\x00\xac\xed\x00\x05sr\x00\x11java.util.HashSet

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
