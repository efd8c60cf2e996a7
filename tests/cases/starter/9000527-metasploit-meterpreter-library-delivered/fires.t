# Metasploit, Meterpreter library delivered.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
\n

<<<
MZ\x90\x00metsrv.x64.dll\x00ReflectiveLoader\x00
