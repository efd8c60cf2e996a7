# Another message with such fields.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:7000

>>>
{"version":"2","run_id":"5"}
