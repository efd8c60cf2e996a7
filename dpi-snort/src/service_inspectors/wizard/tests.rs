use super::{Identification, MAX_PREFIX, Wizard};

/// (to the server?, first bytes, service)
const KNOWN: &[(bool, &[u8], &str)] = &[
    (true, b"GET / HTTP/1.1\r\n", "http"),
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
    (true, &[5, 0, 11, 3, 16], "dcerpc"),
    (true, &[0xff, 0xfb, 0x18], "telnet"),
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
];

/// First bytes that are none of them.
const UNKNOWN: &[(bool, &[u8])] = &[
    (true, b"GETTER / x\r\n"),
    (true, b"BREW /pot TEA/1.1\r\n"),
    (true, b"hello world\r\n"),
    (true, &[0x16, 9, 9]),
    (true, &[5, 0, 0]),
    (true, b"{\"a\":1}\n"),
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
