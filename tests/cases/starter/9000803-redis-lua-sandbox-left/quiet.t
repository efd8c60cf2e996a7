# A key of that name.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:6379

>>>
*2\r\n
$3\r\n
GET\r\n
$15\r\n
package.loadlib\r\n
