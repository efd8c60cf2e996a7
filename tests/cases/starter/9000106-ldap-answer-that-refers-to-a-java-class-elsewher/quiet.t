# A class name without a place to load it from.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:1389

>>>
0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\x00\x80\x00

<<<
0@\x02\x01\x02d;\x04\x01a060\x1b\x04\rjavaClassName1\n
\x04\x08foo.Main
