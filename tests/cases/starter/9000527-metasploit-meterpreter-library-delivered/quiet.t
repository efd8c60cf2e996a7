# The library is named.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
\n

<<<
what is metsrv.dll?\n
