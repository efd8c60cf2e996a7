# An operator on a field that is no password.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /api/find HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 33\r\n
\r\n
{"age":{"$gt":30},"password":"x"}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
