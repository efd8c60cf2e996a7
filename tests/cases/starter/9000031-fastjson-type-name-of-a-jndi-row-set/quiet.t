# The class is named without a data source.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /api/bugs HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 54\r\n
\r\n
{"text":"com.sun.rowset.JdbcRowSetImpl is deprecated"}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
