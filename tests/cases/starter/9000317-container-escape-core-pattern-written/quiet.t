# The file is only read.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
\x23\x20

<<<
cat /proc/sys/kernel/core_pattern\n
