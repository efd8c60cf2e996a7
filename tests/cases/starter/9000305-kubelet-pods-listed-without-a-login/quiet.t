# With a token.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:10255

>>>
GET /pods HTTP/1.1\r\n
Host: 10.0.0.2:10255\r\n
Authorization: Bearer abc\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
