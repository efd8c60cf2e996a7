# The user is not root.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /ping?h=1 HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 45\r\n
\r\n
uid=1000(app) gid=1000(app) groups=1000(app)\n
