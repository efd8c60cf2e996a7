# terminal spawned by Python.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
$\x20

<<<
python3 -c 'import pty; pty.spawn("/bin/bash")'\n
