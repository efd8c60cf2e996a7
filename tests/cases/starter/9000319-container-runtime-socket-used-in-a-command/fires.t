# container runtime socket used in a command.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
\x23\x20

<<<
curl -s --unix-socket /var/run/docker.sock http://d/containers/json\n
