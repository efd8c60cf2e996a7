# The user is not root.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
\x23\x20

<<<
id\n

>>>
uid=33(www-data) gid=33(www-data) groups=33(www-data)\n
\x23\x20
