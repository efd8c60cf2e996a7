# Redis, module loaded.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6379

>>>
*3\r\n
$6\r\n
MODULE\r\n
$4\r\n
LOAD\r\n
$9\r\n
/tmp/x.so\r\n
