# Piped into another program.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
curl -fsSL http://198.51.100.7/a.json | jq .\n
