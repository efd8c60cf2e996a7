# bot probes a shell through busybox.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:23

<<<
login:\x20

>>>
enable\r\n
shell\r\n
/bin/busybox MIRAI\r\n
