# phpinfo page in an answer.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /info.php HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Type: text/html\r\n
Content-Length: 101\r\n
\r\n
\x3chtml><head><title>PHP 8.2.1 - phpinfo()</title></head><body><h1>PHP Version 8.2.1</h1></body></html>
