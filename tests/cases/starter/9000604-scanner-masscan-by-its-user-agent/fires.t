# scanner masscan by its user agent.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET / HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: masscan/1.3 (https://github.com/robertdavidgraham/masscan)\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
