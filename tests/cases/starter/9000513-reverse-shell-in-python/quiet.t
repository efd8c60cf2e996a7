# A log is duplicated, not the socket.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
import socket,os;s=socket.socket();os.dup2(log,1)\n
