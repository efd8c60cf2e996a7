# crypto-miner, job from a pool.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:14444

>>>
\n

<<<
{"jsonrpc":"2.0","method":"job","params":{"blob":"0e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b20e0ea1b2","job_id":"7","target":"b88d0600"}}\n
