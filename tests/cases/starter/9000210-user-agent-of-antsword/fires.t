# user agent of AntSword.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /a.php HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: antSword/v2.1\r\n
Content-Length: 3\r\n
\r\n
x=1

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
