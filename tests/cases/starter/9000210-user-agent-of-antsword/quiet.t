# The word in another header.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /a.php HTTP/1.1\r\n
Host: shop.example\r\n
X-Tool: antSword/v2.1\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 3\r\n
\r\n
x=1

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
