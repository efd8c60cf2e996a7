# A plain database name.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:3000

>>>
POST /api/setup/validate HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 80\r\n
\r\n
{"token":"5491c003","details":{"details":{"db":"metabase"},"engine":"postgres"}}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
