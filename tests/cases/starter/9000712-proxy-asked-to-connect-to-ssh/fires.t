# proxy asked to connect to SSH.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:3128

>>>
CONNECT gw.example:22 HTTP/1.1\r\n
Host: gw.example:22\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
