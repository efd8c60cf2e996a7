# PostgreSQL, program run by COPY.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:5432

>>>
Q\x00\x00\x00"COPY t FROM PROGRAM 'id'\x00
