# React server components, prototype reached in an action.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST / HTTP/1.1\r\n
Host: shop.example\r\n
Next-Action: x\r\n
Content-Type: text/plain\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 56\r\n
\r\n
{"then":"$1:__proto__:then","_response":{"_prefix":"x"}}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
