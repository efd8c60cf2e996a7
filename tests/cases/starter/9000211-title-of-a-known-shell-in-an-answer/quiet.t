# A page about the shell.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /blog HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Type: text/html\r\n
Content-Length: 59\r\n
\r\n
\x3chtml><head><title>How we removed WSO</title></head></html>
