# frp, login of a client.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:7000

>>>
o\x00\x00\x00\x00\x00\x00\x00`{"version":"0.51.3","hostname":"","os":"linux","privilege_key":"5f4dcc3b","run_id":"","pool_count":1}
