# memcached, statistics asked for by datagram.
proto udp
client 10.0.0.1:40000
server 10.0.0.2:11211

>>>
\x00\x01\x00\x00\x00\x01\x00\x00stats\r\n
