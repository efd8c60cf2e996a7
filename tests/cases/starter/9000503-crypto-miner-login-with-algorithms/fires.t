# crypto-miner, login with algorithms.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:14444

>>>
{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"4Aexample","pass":"x","agent":"XMRig/6.21.0","algo":["rx/0","cn/r"]}}\n
