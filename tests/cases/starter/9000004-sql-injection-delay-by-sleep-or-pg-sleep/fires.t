# SQL injection, delay by SLEEP or PG_SLEEP.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /item?id=1+AND+(SELECT+1+FROM+(SELECT(SLEEP(5)))a) HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
