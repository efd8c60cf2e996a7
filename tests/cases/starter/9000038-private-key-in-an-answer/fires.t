# private key in an answer.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /backup/host.key HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 73\r\n
\r\n
-----BEGIN RSA PRIVATE KEY-----\n
MIIEowIBAAKCAQEAx1Zb5mN2yQ8vKp0hTtW3uGzR\n
