# The shell and an option are named apart from each other.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /api/notes HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/x-www-form-urlencoded\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 38\r\n
\r\n
text=crash -c flag, see /bin/sh manual

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
