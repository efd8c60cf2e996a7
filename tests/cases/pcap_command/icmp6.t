proto icmp
client fd00::3
server fd00::4

>>>
golden
