# One login.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /xmlrpc.php HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: text/xml\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 66\r\n
\r\n
\x3cmethodCall><methodName>wp.getUsersBlogs</methodName></methodCall>

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
