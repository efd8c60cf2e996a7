# crypto-miner, Ethereum login.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
{"id":1,"method":"eth_submitLogin","params":["0x00example"]}\n
