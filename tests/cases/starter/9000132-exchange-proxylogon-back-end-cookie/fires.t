# Exchange, ProxyLogon back-end cookie.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /ecp/y.js HTTP/1.1\r\n
Host: shop.example\r\n
Cookie: X-BEResource=mail/EWS/Exchange.asmx?a=~1942062522\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 1\r\n
\r\n
x

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
