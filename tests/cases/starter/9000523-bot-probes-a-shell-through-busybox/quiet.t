# An ordinary applet.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:23

<<<
login:\x20

>>>
/bin/busybox ls\r\n
