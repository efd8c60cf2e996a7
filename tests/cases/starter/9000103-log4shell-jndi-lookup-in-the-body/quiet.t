# An ordinary setting of that name.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /config HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 38\r\n
\r\n
{"jndi":{"name":"java:comp/env/jdbc"}}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
