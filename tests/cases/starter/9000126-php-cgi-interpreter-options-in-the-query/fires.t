# PHP CGI, interpreter options in the query.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80
also 9000013

>>>
POST /index.php?%ADd+allow_url_include%3d1+%ADd+auto_prepend_file%3dphp://input HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 3\r\n
\r\n
\x3cp>

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
