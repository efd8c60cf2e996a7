# A print job.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:14444

>>>
\n

<<<
{"jsonrpc":"2.0","method":"job","params":{"blob":"c29tZQ==","job_id":"7","target":"printer"}}\n
