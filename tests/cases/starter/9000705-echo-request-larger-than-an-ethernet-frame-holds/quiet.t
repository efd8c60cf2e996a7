# The largest one that needs no fragments.
proto icmp
client 10.0.0.1
server 10.0.0.2

>>>
@repeat 1472 x
