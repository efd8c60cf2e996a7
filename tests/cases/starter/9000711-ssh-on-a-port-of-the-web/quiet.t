# Its own port.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:22

>>>
SSH-2.0-OpenSSH_9.2p1\r\n
