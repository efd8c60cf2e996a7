use super::{Identification, MAX_PREFIX, Wizard, identify_datagram};

/// (to the server?, first bytes, service)
const KNOWN: &[(bool, &[u8], &str)] = &[
    (true, b"GET / HTTP/1.1\r\n", "http"),
    (true, b"POST", "http"),
    (true, b"get / http/1.1\r\n", "http"),
    (true, b"POST\t/x HTTP/1.0\r\n", "http"),
    (true, b"\r\nHEAD / HTTP/1.1\r\n", "http"),
    (true, b"BREW /pot HTTP/1.1\r\n", "http"),
    (true, b"OPTIONS * HTTP/1.1\r\n", "http"),
    (true, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http2"),
    (true, b"PRI * HTTP/2.0\r\n\r\nXX", "http"),
    (true, b"OPTIONS sip:a@b SIP/2.0\r\n", "sip"),
    (true, b"OPTIONS rtsp://h/ RTSP/1.0\r\n", "rtsp"),
    (true, b"INVITE sip:a@b SIP/2.0\r\n", "sip"),
    (true, b"DESCRIBE rtsp://h/ RTSP/1.0\r\n", "rtsp"),
    (true, b"SSH-2.0-OpenSSH\r\n", "ssh"),
    (true, b"EHLO me\r\n", "smtp"),
    (true, b"a1 LOGIN a b\r\n", "imap"),
    (true, b"CAPA\r\n", "pop3"),
    (true, b"AUTH TLS\r\n", "ftp"),
    (true, &[0x16, 3, 1, 0, 100, 1], "ssl"),
    (true, &[0x80, 0x2e, 1, 3, 1, 0], "ssl"),
    (true, b"\x00\x00\x00\x85\xffSMBr", "netbios-ssn"),
    (true, b"\x00\x00\x00\x85\xfeSMB@", "netbios-ssn"),
    (true, b"\x81\x00\x00\x03abc\x00\x00\x00\x85\xffSMBr", "netbios-ssn"),
    (true, &[5, 0, 11, 3, 16], "dcerpc"),
    (true, &[0xff, 0xfb, 0x18], "telnet"),
    (true, b"\x03\0\0\x0b\x06\xe0\0\0\0\0\0", "rdp"),
    (true, b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0", "rdp"),
    (true, b"\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: mstshash=a\r\n", "rdp"),
    (
        true,
        b"\x80\0\0\x28\0\0\0\x01\0\0\0\0\0\0\0\x02\0\x01\x86\xa0",
        "sunrpc",
    ),
    (true, b"RETR a.txt\r\n", "ftp"),
    (true, b"USER me\r\n", "ftp"),
    (true, b"EPRT |1|10.0.0.1|6275|\r\n", "ftp"),
    (true, b"MODE READER\r\n", "nntp"),
    (true, b"GROUP misc.test\r\n", "nntp"),
    (true, b"IHAVE <a@b>\r\n", "nntp"),
    (true, b"NICK me\r\n", "irc"),
    (true, b"CAP LS 302\r\n", "irc"),
    (true, b"PASS secret\r\nNICK me\r\n", "irc"),
    (true, b"USER me 0 * :Me\r\n", "irc"),
    (true, b"JOIN #room\r\n", "irc"),
    (true, b"PRIVMSG #room :hi\r\n", "irc"),
    (true, b"\x30\x26\x02\x01\x00\x04\x06public", "snmp"),
    (true, b"\x30\x82\x01\x26\x02\x01\x01\x04\x06public", "snmp"),
    (true, b"\x30\x40\x02\x01\x03\x30\x0f", "snmp"),
    (true, b"\x30\x0c\x02\x01\x01\x60\x07", "ldap"),
    (true, b"\x30\x84\0\0\0\x2d\x02\x02\x01\x05\x63\x84", "ldap"),
    (true, b"\x30\x1d\x02\x01\x01\x77\x18", "ldap"),
    (
        true,
        b"\0\0\0\xb5\x6a\x81\xb2\x30\x81\xaf\xa1\x03\x02\x01\x05\xa2",
        "kerberos",
    ),
    (
        true,
        b"\x20\0\0\x01\x85\xa6\xff\x01\0\0\0\x01\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0root",
        "mysql",
    ),
    (true, b"\0\0\0\x29\0\0\x78\0\0\0\0\0", "wins"),
    (false, b"HTTP/1.1 200 OK\r\n", "http"),
    (false, &[0, 0, 12, 4, 0, 0, 0, 0, 0], "http2"),
    (false, &[0, 0, 0, 4, 0, 0, 0, 0, 0, 1], "http2"),
    (false, b"220 mail ESMTP\r\n", "smtp"),
    (false, b"220-ProFTPD\r\n", "ftp"),
    (false, b"* OK IMAP4rev1\r\n", "imap"),
    (false, b"+OK POP3\r\n", "pop3"),
    (false, b"SIP/2.0 200 OK\r\n", "sip"),
    (false, b"SSH-2.0-x\r\n", "ssh"),
    (false, &[0x16, 3, 3, 0, 80, 2], "ssl"),
    (false, &[5, 0, 12, 3], "dcerpc"),
    (false, b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02", "rdp"),
    (false, b"\x4a\0\0\0\x0a8.0.36\0", "mysql"),
    (false, b"\x5b\0\0\0\x0a10.11.6-MariaDB\0", "mysql"),
    (
        false,
        b"\x80\0\0\x1c\0\0\0\x01\0\0\0\x01\0\0\0\0",
        "sunrpc",
    ),
    (false, b"200 news.example.org InterNetNews NNRP\r\n", "nntp"),
    (false, b"201 NNTP service ready\r\n", "nntp"),
    (false, b":irc.example.org 001 me :Welcome\r\n", "irc"),
    (false, b":irc.example.org NOTICE * :*** Looking up\r\n", "irc"),
    (false, b":a!b@c JOIN #room\r\n", "irc"),
    (false, b"NOTICE AUTH :*** Looking up\r\n", "irc"),
    (false, b"PING :12345\r\n", "irc"),
    (false, b"\x30\x26\x02\x01\x00\x04\x06public", "snmp"),
    (false, b"\x30\x0c\x02\x01\x01\x61\x07", "ldap"),
    (false, b"\x30\x82\0\x85\x02\x01\x02\x64", "ldap"),
    (
        false,
        b"\0\0\0\x85\x7e\x81\x82\x30\x7f\xa0\x03\x02\x01\x05\xa1",
        "kerberos",
    ),
    (false, b"\0\0\0\x29\0\0\x78\0", "wins"),
];

/// First bytes that are none of them.
const UNKNOWN: &[(bool, &[u8])] = &[
    (true, b"GETTER / x\r\n"),
    (true, b"BREW /pot TEA/1.1\r\n"),
    (true, b"hello world\r\n"),
    (true, &[0x16, 9, 9]),
    (true, &[5, 0, 0]),
    (true, b"{\"a\":1}\n"),
    // Selectors of another user of X.224, and another version of TPKT.
    (true, b"\x03\0\0\x16\x11\xe0\0\0\0\x01\0\xc1\x02"),
    (true, b"\x03\x01\0\x0b\x06\xe0\0\0\0\0\0"),
    (true, b"\x03\0\0\x0b\x06\xf0\0\0\0\0\0"),
    // A program number that is not assigned, version 3, a second fragment.
    (true, b"\x80\0\0\x28\0\0\0\x01\0\0\0\0\0\0\0\x02\x20\0\0\0"),
    (true, b"\x80\0\0\x28\0\0\0\x01\0\0\0\0\0\0\0\x03\0\x01"),
    (true, b"PASS secret\r\nSTAT\r\n"),
    (true, b"NICKEL 1\r\n"),
    (true, b"JOIN us\r\n"),
    (true, b"\x30\x26\x02\x01\x02\x04\x06public"),
    (true, b"\x30\x26\x02\x02\x00\x04\x06"),
    (true, b"\x30\x80\x02\x01\x00\x04\x06"),
    (true, b"\x31\x26\x02\x01\x00\x04\x06"),
    (true, b"\x30\x0c\x02\x01\x01\x61\x07"),
    (true, b"\x30\x0c\x02\x05\x01\x60\x07"),
    (
        true,
        b"\0\0\0\xb5\x6a\x81\xb2\x30\x81\xaf\xa1\x03\x02\x01\x04",
    ),
    (true, b"\0\0\0\xb5\x6a\x81\xb2\x31"),
    (true, b"\0\0\0\xb5\x70\x81"),
    (true, b"\x20\0\0\x01\x85\xa6\xff\x01\0\0\0\x01\x21\0\0\x01"),
    (true, b"\0\0\0\x29\0\0\x79\0"),
    (false, b"\x4a\0\0\0\x098.0.36\0"),
    (false, b"\x4a\0\0\x01\x0a8.0.36\0"),
    (false, b"\x4a\0\0\0\x0avx"),
    (false, b"200 PORT command successful\r\n"),
    (false, b"2001 NNTP\r\n"),
    (false, b":irc.example.org HELLO\r\n"),
    (false, b": 001 me\r\n"),
    (false, b"PING 1\r\n"),
    (false, b"\x30\x0c\x02\x01\x01\x60\x07"),
    (false, b"220 welcome\r\n"),
    (false, &[0, 0, 13, 4, 0, 0, 0, 0, 0]),
    (false, &[0, 0, 12, 4, 1, 0, 0, 0, 0]),
    (false, b"HTTX/1.1"),
    (false, b"-ERR"),
];

#[test]
fn first_bytes_name_the_service() {
    for (to_server, bytes, service) in KNOWN {
        assert_eq!(
            Wizard::default().identify(*to_server, bytes),
            Identification::Service(service),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn a_prefix_never_names_another_service() {
    for (to_server, bytes, service) in KNOWN {
        let mut wizard = Wizard::default();
        for end in 0..bytes.len() {
            match wizard.identify(*to_server, &bytes[..end]) {
                Identification::Undecided => assert!(
                    !wizard.is_ruled_out(*to_server),
                    "gave up on {}",
                    bytes[..end].escape_ascii()
                ),
                answer => assert_eq!(answer, Identification::Service(service)),
            }
        }
    }
}

#[test]
fn other_bytes_rule_their_direction_out() {
    for (to_server, bytes) in UNKNOWN {
        let mut wizard = Wizard::default();
        assert_eq!(
            wizard.identify(*to_server, bytes),
            Identification::Undecided
        );
        assert!(wizard.is_ruled_out(*to_server), "{}", bytes.escape_ascii());
        assert!(!wizard.is_ruled_out(!*to_server));
        assert_eq!(
            wizard.identify(!*to_server, b"\x01\x02"),
            Identification::Unknown
        );
    }
}

#[test]
fn the_other_direction_may_still_tell() {
    let mut wizard = Wizard::default();
    assert_eq!(
        wizard.identify(true, b"\x01\x02\x03"),
        Identification::Undecided
    );
    assert_eq!(
        wizard.identify(false, b"HTTP/1.0 200"),
        Identification::Service("http")
    );
}

#[test]
fn it_gives_up_on_an_endless_line() {
    let mut wizard = Wizard::default();
    let mut line = b"BREW /".to_vec();
    line.resize(MAX_PREFIX, b'a');
    wizard.identify(true, &line);
    assert!(wizard.is_ruled_out(true));
}

/// (datagram, service)
const DATAGRAMS: &[(&[u8], &str)] = &[
    (b"OPTIONS sip:a@b SIP/2.0\r\n", "sip"),
    (b"SIP/2.0 200 OK\r\n", "sip"),
    (b"M-SEARCH * HTTP/1.1\r\n", "ssdp"),
    (b"NOTIFY * HTTP/1.1\r\n", "ssdp"),
    (
        b"\x12\x34\x01\x10\0\x01\0\0\0\0\0\0\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\x01",
        "netbios-ns",
    ),
    (
        b"\x12\x34\x85\0\0\0\0\x01\0\0\0\0\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0",
        "netbios-ns",
    ),
    (
        b"\x11\x0e\x12\x34\x0a\0\0\x01\0\x8a\0\xbb\0\0\x20EMEJAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0",
        "netbios-dgm",
    ),
    (
        b"\x6a\x81\xb2\x30\x81\xaf\xa1\x03\x02\x01\x05\xa2",
        "kerberos",
    ),
    (b"\x30\x26\x02\x01\x00\x04\x06public", "snmp"),
    (b"\x30\x0c\x02\x01\x01\x63\x07", "ldap"),
    (b"\0\0\0\x01\0\0\0\0\0\0\0\x02\0\x01\x86\xa0", "sunrpc"),
    (b"\0\x01boot.bin\0octet\0", "tftp"),
    (b"\0\x02x\0NetASCII\0blksize\x001428\0", "tftp"),
];

/// Datagrams of none of them.
const OTHER_DATAGRAMS: &[&[u8]] = &[
    b"",
    b"\0",
    b"GET / HTTP/1.1\r\n",
    b"NOTIFY sip.txt\r\n",
    // A question of DNS.
    b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x06needle\x07example\x03com\0\0\x01\0\x01",
    b"\x12\x34\x01\x10\0\x01\0\0\0\0\0\0\x20CKAAAA",
    b"\x11\x0e\x12\x34\x0a\0\0\x01\0\x8b\0\xbb\0\0\x20EMEJAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0",
    b"\x30\x26\x02\x01",
    b"\0\x01boot.bin\0octet",
    b"\0\x01boot.bin\0binary\0",
    b"\0\x01\0octet\0",
    b"\0\x01b\xffot\0octet\0",
    b"\0\x03boot.bin\0octet\0",
    b"\0\0\0\x01\0\0\0\0\0\0\0\x02",
    b"\x04\0",
];

#[test]
fn datagrams_name_their_service() {
    for (bytes, service) in DATAGRAMS {
        let shown = bytes.escape_ascii();
        assert_eq!(identify_datagram(bytes), Some(*service), "{shown}");
    }
    for bytes in OTHER_DATAGRAMS {
        assert_eq!(identify_datagram(bytes), None, "{}", bytes.escape_ascii());
    }
}

#[test]
fn datagrams_with_a_field_far_behind_are_known_by_it() {
    let mut dhcp = vec![0; 240];
    dhcp[..3].copy_from_slice(&[1, 1, 6]);
    dhcp[236..].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
    let mut rpc = vec![0; 80 + 5];
    rpc[0] = 4;
    rpc[4] = 0x10;
    rpc[74] = 5;
    for (bytes, service) in [(dhcp, "dhcp"), (rpc, "dcerpc")] {
        assert_eq!(identify_datagram(&bytes), Some(service));
        assert_eq!(identify_datagram(&bytes[..bytes.len() - 1]), None);
        let mut other = bytes.clone();
        other[0] = 9;
        assert_eq!(identify_datagram(&other), None);
    }
}
