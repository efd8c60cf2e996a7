# The path in a text.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
man /dev/tcp/host/port\n
