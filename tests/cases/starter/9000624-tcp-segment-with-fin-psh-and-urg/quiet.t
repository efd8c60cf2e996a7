# The end of an ordinary connection.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:8080
handshake no

>>> flags FPA
