# SSH on a port of the web.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:443

>>>
SSH-2.0-OpenSSH_9.2p1\r\n
