# The socket is only listed.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
\x23\x20

<<<
ls -l /var/run/docker.sock\n
