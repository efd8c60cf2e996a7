# A pipe for a log.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
mkfifo /tmp/log; cat /tmp/log | gzip > log.gz\n
