# A form with a field of that name.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /form HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/x-www-form-urlencoded\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 43\r\n
\r\n
name=evaluation&z0=QGluaV9zZXQoImRpc3BsYXlf

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
