# SSH banner within an ICMP message.
proto icmp
client 10.0.0.1
server 10.0.0.2

>>>
\x00\x00\x00\x01SSH-2.0-OpenSSH_9.2\r\n
