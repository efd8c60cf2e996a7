# Arithmetic.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:9200

>>>
POST /_search?pretty HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 51\r\n
\r\n
{"script_fields":{"x":{"script":"doc[1].value*2"}}}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
