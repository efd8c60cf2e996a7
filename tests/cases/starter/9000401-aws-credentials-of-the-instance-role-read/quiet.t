# The name of the role.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /latest/meta-data/iam/info HTTP/1.1\r\n
Host: 169.254.169.254\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
