# Modules are listed.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6379

>>>
*2\r\n
$6\r\n
MODULE\r\n
$4\r\n
LIST\r\n
