proto tcp
client 10.1.0.1:40000
server 10.1.0.2:8081

>>>
GET /%67olden/./path?a=1 HTTP/1.1\r\n
Host: golden.example\r\n\r\n
<<<
HTTP/1.1 204 No Content\r\n\r\n
