# TCP segment with FIN, PSH and URG.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:8080
handshake no

>>> flags FPU
