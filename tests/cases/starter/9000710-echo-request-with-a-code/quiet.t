# Code 0, as it should be.
proto icmp
client 10.0.0.1
server 10.0.0.2

>>>
abcdabcdabcdabcdabcdabcdabcdabcd
