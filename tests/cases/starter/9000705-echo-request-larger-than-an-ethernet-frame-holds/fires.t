# echo request larger than an Ethernet frame holds.
proto icmp
client 10.0.0.1
server 10.0.0.2

>>>
@repeat 2000 x
