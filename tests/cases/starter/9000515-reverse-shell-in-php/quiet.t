# A line is read.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
php -r '$s=fsockopen("198.51.100.7",80);echo fgets($s);'\n
