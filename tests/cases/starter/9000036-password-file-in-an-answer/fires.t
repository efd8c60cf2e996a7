# password file in an answer.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /view?id=7 HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 80\r\n
\r\n
root:x:0:0:root:/root:/bin/bash\n
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n
