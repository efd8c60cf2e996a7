# Another port.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:3128

>>>
CONNECT www.example:2222 HTTP/1.1\r\n
Host: www.example:2222\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
