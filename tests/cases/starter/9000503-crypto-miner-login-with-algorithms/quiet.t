# A login of another service.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:14444

>>>
{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"jane","pass":"x","algo":["sha256"]}}\n
