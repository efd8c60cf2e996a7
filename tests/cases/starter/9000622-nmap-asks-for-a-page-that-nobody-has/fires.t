# Nmap asks for a page that nobody has.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
GET /nice%20ports%2C/Tri%6Eity.txt%2ebak HTTP/1.0\r\n
User-Agent: Mozilla/5.0\r\n
\r\n

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
