# Windows command prompt sent to a listener.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:4444

>>>
Microsoft Windows [Version 10.0.17763.1]\r\n
(c) 2018 Microsoft Corporation. All rights reserved.\r\n
\r\n
C:\\inetpub>
