# scanner sqlmap by its user agent.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET / HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: sqlmap/1.7.2#stable (https://sqlmap.org)\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
