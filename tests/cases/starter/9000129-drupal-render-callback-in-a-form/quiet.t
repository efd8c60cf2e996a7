# An ordinary form.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /user/register?element_parents=account/mail&ajax_form=1 HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/x-www-form-urlencoded\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 33\r\n
\r\n
form_id=user_register_form&mail=a

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
