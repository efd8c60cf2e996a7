# crypto-miner, stratum login of a worker.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:3333

>>>
{"id":2,"method":"mining.authorize","params":["bc1qexample.w1","x"]}\n
