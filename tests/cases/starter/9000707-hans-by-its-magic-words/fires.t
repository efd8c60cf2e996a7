# Hans by its magic words.
proto icmp
client 10.0.0.1
server 10.0.0.2

>>>
hanc\x01\n
\x01@\x00
