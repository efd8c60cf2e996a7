# exec or attach through the API.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:8001

>>>
POST /api/v1/namespaces/shop/pods/web-0/exec?command=sh&stdin=true HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
