# crypto-miner, stratum subscription.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:3333

>>>
{"id":1,"method":"mining.subscribe","params":["cpuminer/2.5.1"]}\n
