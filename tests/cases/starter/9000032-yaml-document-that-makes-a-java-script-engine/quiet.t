# The tag is named within a text.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /api/yaml HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/yaml\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 54\r\n
\r\n
text: "!!javax.script.ScriptEngineManager is refused"\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
