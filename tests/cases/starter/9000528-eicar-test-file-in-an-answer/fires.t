# EICAR test file in an answer.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /eicar.com HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 68\r\n
\r\n
X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*
