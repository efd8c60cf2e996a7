# Azure, token of a managed identity read.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net HTTP/1.1\r\n
Host: 169.254.169.254\r\n
Metadata: true\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
