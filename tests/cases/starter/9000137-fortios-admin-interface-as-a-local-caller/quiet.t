# The caller is not local.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
PUT /api/v2/cmdb/system/admin/admin HTTP/1.1\r\n
Host: shop.example\r\n
Forwarded: for="192.0.2.9"\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 16\r\n
\r\n
{"comments":"x"}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
