# A search for the call.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
$\x20

<<<
grep pty.spawn( *.py\n
