# The file is stored as text.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /upload.php HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: multipart/form-data; boundary=b1\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 124\r\n
\r\n
--b1\r\n
Content-Disposition: form-data; name="f"; filename="a.php.txt"\r\n
Content-Type: text/plain\r\n
\r\n
\x3c?php echo 1; ?>\r\n
--b1--\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
