# A longer name.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /x.php HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/x-www-form-urlencoded\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 18\r\n
\r\n
a=FilesManager&c=1

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
