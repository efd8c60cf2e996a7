# Another path: a namespace and a pod, no container.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:10250

>>>
POST /run/build/7 HTTP/1.1\r\n
Host: 10.0.0.2:10250\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 6\r\n
\r\n
cmd=id

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
