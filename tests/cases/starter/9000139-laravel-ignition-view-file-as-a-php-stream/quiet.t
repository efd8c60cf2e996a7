# A view of the application.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /_ignition/execute-solution HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 77\r\n
\r\n
{"solution":"x","parameters":{"variableName":"a","viewFile":"welcome.blade"}}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
