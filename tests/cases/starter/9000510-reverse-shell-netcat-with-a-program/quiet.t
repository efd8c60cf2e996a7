# A port check, then another command.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
nc -zv 198.51.100.7 22; /bin/sh x\n
