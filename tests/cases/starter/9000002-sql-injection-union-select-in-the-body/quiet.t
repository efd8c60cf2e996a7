# The word after "union" only begins like the keyword.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /comment HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/x-www-form-urlencoded\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 35\r\n
\r\n
text=the+union+is+selecting+members

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
