# scanner DirBuster by its user agent.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET / HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: DirBuster-1.0-RC1 (http://www.owasp.org/index.php/Category:OWASP_DirBuster_Project)\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
