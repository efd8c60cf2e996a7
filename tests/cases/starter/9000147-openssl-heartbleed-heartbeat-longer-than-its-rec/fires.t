# OpenSSL Heartbleed, heartbeat longer than its record.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:443

>>>
\x18\x03\x02\x00\x03\x01@\x00
