# title of a known shell in an answer.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /a.php HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Type: text/html\r\n
Content-Length: 63\r\n
\r\n
\x3chtml><head><title>shop.example - WSO 2.5</title></head></html>
