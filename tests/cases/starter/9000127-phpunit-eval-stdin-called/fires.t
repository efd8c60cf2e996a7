# PHPUnit, eval-stdin called.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php HTTP/1.1\r\n
Host: shop.example\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 6\r\n
\r\n
\x3c?=1?>

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
