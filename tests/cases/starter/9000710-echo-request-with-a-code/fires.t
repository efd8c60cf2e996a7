# echo request with a code.
proto icmp
client 10.0.0.1
server 10.0.0.2

>>> type 8 code 3
abcdabcdabcdabcdabcdabcdabcdabcd
