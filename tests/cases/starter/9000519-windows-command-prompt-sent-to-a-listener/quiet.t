# A banner without a prompt.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
Microsoft Windows [Version 10.0.17763.1]\r\n
Microsoft Corporation\r\n
