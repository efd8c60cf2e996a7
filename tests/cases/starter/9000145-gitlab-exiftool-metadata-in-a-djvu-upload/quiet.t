# Metadata without code.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /uploads/user HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: image/vnd.djvu\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 55\r\n
\r\n
AT&TFORM\x00\x00\x03\xafDJVMDIRM\x00\x00ANTa\x00\x00(metadata (Copyright "me"))

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
