# name of a hidden service asked for.
proto udp
client 10.0.0.1:40000
server 10.96.0.10:53

>>>
\x1a+\x01\x00\x00\x01\x00\x00\x00\x00\x00\x008duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad\x05
onion\x00\x00\x01\x00\x01
