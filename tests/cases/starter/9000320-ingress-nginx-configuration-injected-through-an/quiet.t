# An ordinary annotation.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:8443

>>>
POST /networking/v1/ingresses HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/json\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 132\r\n
\r\n
{"kind":"AdmissionReview","request":{"object":{"metadata":{"annotations":{"nginx.ingress.kubernetes.io/auth-url":"http://auth/"}}}}}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
