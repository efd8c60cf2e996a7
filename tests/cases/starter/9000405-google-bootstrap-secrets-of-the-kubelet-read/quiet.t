# The name of the cluster.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /computeMetadata/v1/instance/attributes/cluster-name HTTP/1.1\r\n
Host: 169.254.169.254\r\n
Metadata-Flavor: Google\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
