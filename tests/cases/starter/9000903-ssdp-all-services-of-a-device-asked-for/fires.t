# SSDP, all services of a device asked for.
proto udp
client 10.0.0.1:40000
server 10.0.0.2:1900

>>>
M-SEARCH * HTTP/1.1\r\n
HOST: 239.255.255.250:1900\r\n
MAN: "ssdp:discover"\r\n
MX: 1\r\n
ST: ssdp:all\r\n
\r\n
