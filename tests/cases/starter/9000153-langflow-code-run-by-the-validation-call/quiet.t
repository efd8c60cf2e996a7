# Code that starts nothing.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:7860

>>>
POST /api/v1/validate/code HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 28\r\n
\r\n
{"code":"def f(): return 1"}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
