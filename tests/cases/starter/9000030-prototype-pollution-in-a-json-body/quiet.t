# The name as a value.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /api/lint HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 41\r\n
\r\n
{"forbidden":["__proto__","constructor"]}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
