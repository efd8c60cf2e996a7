proto icmp
client 10.1.0.3
server 10.1.0.4

>>>
golden
<<< type 3 code 1
anything
