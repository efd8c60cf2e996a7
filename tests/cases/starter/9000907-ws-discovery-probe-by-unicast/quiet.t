# A device says good-bye.
proto udp
client 10.0.0.1:40000
server 10.0.0.2:3702

>>>
\x3ce:Envelope xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><e:Body><d:Bye/></e:Body></e:Envelope>
