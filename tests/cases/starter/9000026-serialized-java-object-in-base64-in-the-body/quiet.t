# The letters within a longer word.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /upload HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: text/plain\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 43\r\n
\r\n
token=QrO0ABXNyABFqYXZhLnV0aWwuSGFzaFNldA==

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
