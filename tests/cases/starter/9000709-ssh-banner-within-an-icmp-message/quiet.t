# Only the name.
proto icmp
client 10.0.0.1
server 10.0.0.2

>>>
\x00\x00\x00\x01abcdefgh SSH\r\n
