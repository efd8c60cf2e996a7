proto udp
client [fd00::1]:5000
server [fd00::2]:5353

>>>
golden\0
<<<
golden\0
