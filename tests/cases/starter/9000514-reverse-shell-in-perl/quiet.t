# Input from a file.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6000

>>>
perl -e 'use Socket;socket(S,2,1,6);open(STDIN,"<x.txt");exec("ls");'\n
