# The file is only listed.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
$\x20

<<<
ls /sys/fs/cgroup/*/release_agent\n
