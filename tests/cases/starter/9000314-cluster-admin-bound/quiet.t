# A role that reads.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:8001

>>>
POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 88\r\n
\r\n
{"roleRef":{"kind":"ClusterRole","name":"view"},"subjects":[{"kind":"User","name":"x"}]}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
