# privileged pod created.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:8001

>>>
POST /api/v1/namespaces/shop/pods HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 101\r\n
\r\n
{"kind":"Pod","spec":{"containers":[{"name":"c","image":"a","securityContext":{"privileged":true}}]}}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
