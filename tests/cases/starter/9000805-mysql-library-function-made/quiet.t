# A table.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:3306

<<<
J\x00\x00\x00\n
8.0.30\x00

>>>
0\x00\x00\x00\x03CREATE TABLE soname (returns int)
