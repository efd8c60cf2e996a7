# output of id as root in an answer.
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
Content-Length: 47\r\n
\r\n
PING ok\n
uid=0(root) gid=0(root) groups=0(root)\n
