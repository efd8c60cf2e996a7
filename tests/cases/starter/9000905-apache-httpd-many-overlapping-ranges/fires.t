# Apache httpd, many overlapping ranges.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET / HTTP/1.1\r\n
Host: shop.example\r\n
Range: bytes=0-,5-0,5-1,5-2,5-3,5-4,5-5,5-6,5-7,5-8,5-9,5-10,5-11,5-12,5-13,5-14,5-15,5-16,5-17,5-18,5-19\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
