//! What single lines mean.

use super::super::{
    dotted::Dotted,
    protocol::{Literal, Next, Protocol},
};
use crate::service_inspectors::labels::Labels;

fn next(service: &str, to_server: bool, lines: &[&str]) -> Next {
    let (_, mut protocol) = Protocol::of(service).unwrap();
    let mut labels = Labels::default();
    let mut last = Next::End;
    for line in lines {
        last = protocol.next(to_server, line.as_bytes(), true, &mut labels);
    }
    last
}

#[test]
fn commands() {
    let chunk = |length, is_last| Next::Chunk { length, is_last };
    let literal = |length, waits| {
        Next::Literal(Literal {
            length,
            is_message: false,
            waits,
        })
    };
    for (service, line, expected) in [
        ("smtp", "DATA\r\n", Next::Message),
        ("smtp", "data \n", Next::Message),
        ("smtp", "DATA now\r\n", Next::End),
        ("smtp", "DATAX\r\n", Next::End),
        ("smtp", "BDAT 12\r\n", chunk(12, false)),
        ("smtp", "bdat 0 last\r\n", chunk(0, true)),
        ("smtp", "BDAT 12 FIRST\r\n", chunk(12, false)),
        ("smtp", "BDAT\r\n", Next::End),
        ("smtp", "BDAT -1 LAST\r\n", Next::End),
        ("smtp", "BDAT 99999999999999999999\r\n", Next::End),
        ("smtp", "RSET\r\n", Next::Reset),
        ("smtp", "MAIL FROM:<a>\r\n", Next::Reset),
        ("smtp", "QUIT\r\n", Next::End),
        ("smtp", "\r\n", Next::End),
        ("ftp", "DATA\r\n", Next::End),
        ("pop3", "RETR 1\r\n", Next::End),
        ("imap", "a LOGIN {4}\r\n", literal(4, true)),
        ("imap", "a APPEND x {12+}\r\n", literal(12, false)),
        ("imap", "a APPEND x ~{12-}\r\n", literal(12, false)),
        ("imap", "a LOGIN {}\r\n", Next::End),
        ("imap", "a LOGIN {4} u\r\n", Next::End),
        ("imap", "a LOGIN {+4}\r\n", Next::End),
        ("imap", "a LOGIN 4}\r\n", Next::End),
        ("imap", "a LOGIN {99999999999999999999}\r\n", Next::End),
    ] {
        assert_eq!(next(service, true, &[line]), expected, "{service} {line}");
    }
}

#[test]
fn replies() {
    let message = |length| {
        Next::Literal(Literal {
            length,
            is_message: true,
            waits: false,
        })
    };
    let plain = Next::Literal(Literal {
        length: 3,
        is_message: false,
        waits: false,
    });
    let lines = |includes_line| Next::Lines { includes_line };
    for (service, replies, expected) in [
        ("smtp", &["250 ok\r\n"][..], Next::End),
        ("smtp", &["250-ok\r\n"], Next::More),
        ("smtp", &["250-ok\r\n", "250-yes\r\n"], Next::More),
        ("smtp", &["250-ok\r\n", "250\r\n"], Next::End),
        ("smtp", &["250-ok\r\n", "251 no\r\n"], Next::More),
        ("smtp", &["hello\r\n"], Next::End),
        ("ftp", &["211-a\r\n", " 211 b\r\n", "text\r\n"], Next::More),
        ("ftp", &["211-a\r\n", "text\r\n", "211 b\r\n"], Next::End),
        ("pop3", &["+OK\r\n"], Next::End),
        ("pop3", &["-ERR no\r\n"], Next::End),
        ("pop3", &["+ \r\n"], Next::End),
        ("pop3", &["Received: x\r\n"], lines(true)),
        ("imap", &["* 1 FETCH (BODY[] {3}\r\n"], message(3)),
        ("imap", &["* 1 fetch (RFC822 {3}\r\n"], message(3)),
        (
            "imap",
            &["* 1 FETCH (BODY[1] {2}\r\n", " BODY[2] {3}\r\n"],
            message(3),
        ),
        ("imap", &["* LIST () {3}\r\n"], plain),
        (
            "imap",
            &["* 1 FETCH (FLAGS ())\r\n", "* LIST () {3}\r\n"],
            plain,
        ),
        ("imap", &["* 1 FETCH (FLAGS ())\r\n"], Next::End),
        ("imap", &["a OK {3\r\n"], Next::End),
    ] {
        assert_eq!(
            next(service, false, replies),
            expected,
            "{service} {replies:?}"
        );
    }
}

#[test]
fn requests_for_tls_and_refusals() {
    let protocol = |service| Protocol::of(service).unwrap().1;
    for (service, line, asks) in [
        ("smtp", "STARTTLS\r\n", true),
        ("smtp", "NOOP STARTTLS\r\n", false),
        ("smtp", "HELO STARTTLS.example\r\n", false),
        ("pop3", "stls\n", true),
        ("pop3", "STARTTLS\r\n", false),
        ("imap", "a1 STARTTLS\r\n", true),
        ("imap", "STARTTLS\r\n", false),
        ("ftp", "AUTH TLS\r\n", true),
        ("ftp", "NOOP TLS\r\n", false),
        ("ftp", "\r\n", false),
    ] {
        let found = protocol(service).asks_for_tls(line.as_bytes());
        assert_eq!(found, asks, "{service} {line}");
    }
    for (service, line, refuses) in [
        ("smtp", "454 no\r\n", true),
        ("ftp", "502-no\r\n", true),
        ("smtp", "220 No problem\r\n", false),
        ("smtp", "354 go\r\n", false),
        ("pop3", "-ERR\r\n", true),
        ("pop3", "+OK No problem\r\n", false),
        ("imap", "a1 NO not now\r\n", true),
        ("imap", "4 bad\r\n", true),
        ("imap", "4 OK\r\n", false),
        ("imap", "* NO\r\n", false),
        ("imap", "\r\n", false),
    ] {
        let found = protocol(service).is_refusal(line.as_bytes());
        assert_eq!(found, refuses, "{service} {line}");
    }
}

/// Bytes of the input, the text, and whether the dot was found; cut at every place.
#[test]
fn a_dot_alone_ends_a_message() {
    for (input, taken, expected, ends) in [
        (".\r\nQUIT", 3, "", true),
        ("a\r\n.\r\nQUIT", 6, "a\r\n", true),
        ("a\n.\nQUIT", 4, "a\n", true),
        ("a\r\n..\r\n..b\r\n.\r\n", 15, "a\r\n.\r\n.b\r\n", true),
        ("a\r\n.b\r\n", 7, "a\r\nb\r\n", false),
        ("a.\r\n", 4, "a.\r\n", false),
        ("a\r.\r\n", 5, "a\r.\r\n", false),
        (".\r.\r\n", 5, "\r.\r\n", false),
        ("", 0, "", false),
    ] {
        for cut in 0..=input.len() {
            let (a, b) = input.as_bytes().split_at(cut);
            let (mut dotted, mut text) = (Dotted::LineStart, Vec::new());
            let (mut count, mut found) = dotted.take(a, &mut text);
            if !found {
                let (more, then) = dotted.take(b, &mut text);
                (count, found) = (count + more, then);
            }
            let seen = (count, std::str::from_utf8(&text).unwrap(), found);
            assert_eq!(seen, (taken, expected, ends), "{input:?} cut at {cut}");
        }
    }
}
