# BIG-IP, TMUI behind a path parameter.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80
also 9000039

>>>
GET /tmui/login.jsp/..;/tmui/locallb/workspace/fileRead.jsp?fileName=/x HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
