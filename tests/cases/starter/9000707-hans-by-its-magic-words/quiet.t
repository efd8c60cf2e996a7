# A text.
proto icmp
client 10.0.0.1
server 10.0.0.2

>>>
handle with care
