//! Which service a flow is taken for, and which rules are tried because of it.

#[path = "common/mod.rs"]
mod common;
#[path = "common/frames.rs"]
mod frames;
#[path = "common/tcp.rs"]
mod tcp;

use dpi_snort::Config;
use frames::{ipv4, open};
use tcp::{Segment, conversation, engine, run};

/// Sids that frames alert in a fresh engine.
fn alerts(rules: &str, frames: &[Vec<u8>]) -> Vec<u32> {
    run(&mut engine(rules, Config::default()), frames).sids()
}

/// A whole connection to a port of the server; `is_active`: made by the server.
fn connection(pieces: &[(bool, &[u8])], port: u16, is_active: bool) -> Vec<Vec<u8>> {
    let turn = |segment: Segment| Segment {
        from_client: segment.from_client != is_active,
        ..segment
    };
    let segments = conversation(pieces).into_iter().map(turn);
    segments.map(|segment| segment.frame(port)).collect()
}

/// A rule without header is tried on flows of its service alone.
const FTP: &str = r#"
    alert ftp-data (content:"filetok"; sid:1;)
    alert ftp (content:"filetok"; sid:2;)
    alert http (content:"filetok"; sid:3;)
    alert ftp (content:"USER"; sid:4;)
"#;

/// A dialogue up to the announcement. The connection is made by the client to the port of the
/// server, or from the server's to the client's port 40000.
struct Announcement {
    lines: &'static [(bool, &'static [u8])],
    port: u16,
    is_active: bool,
}

const ANNOUNCEMENTS: [Announcement; 5] = [
    Announcement {
        lines: &[
            (true, b"PASV\r\n"),
            (false, b"227 Passive (10,0,0,2,4,2)\r\n"),
        ],
        port: 1026,
        is_active: false,
    },
    // The address that the server knows itself by is not the one it is reached at.
    Announcement {
        lines: &[
            (true, b"PASV\r\n"),
            (false, b"227 Passive (192,168,0,9,4,2)\r\n"),
        ],
        port: 1026,
        is_active: false,
    },
    Announcement {
        lines: &[
            (true, b"EPSV\r\n"),
            (false, b"229 Extended Passive (|||1026|)\r\n"),
        ],
        port: 1026,
        is_active: false,
    },
    Announcement {
        lines: &[(true, b"PORT 10,0,0,1,156,64\r\n"), (false, b"200 ok\r\n")],
        port: 20,
        is_active: true,
    },
    Announcement {
        lines: &[
            (true, b"EPRT |1|10.0.0.1|40000|\r\n"),
            (false, b"200 ok\r\n"),
        ],
        port: 20,
        is_active: true,
    },
];

fn dialogue(announcement: &Announcement) -> Vec<(bool, &'static [u8])> {
    let mut pieces: Vec<(bool, &[u8])> = vec![
        (false, b"220 FTP ready\r\n"),
        (true, b"USER me\r\n"),
        (false, b"331 go on\r\n"),
    ];
    pieces.extend(announcement.lines);
    pieces
}

#[test]
fn an_announced_connection_is_ftp_data_whatever_it_carries() {
    for announcement in &ANNOUNCEMENTS {
        for data in [
            &b"filetok"[..],
            b"GET /filetok HTTP/1.1\r\nHost: filetok\r\n\r\n",
        ] {
            let mut frames = open(&dialogue(announcement), 2121);
            frames.extend(connection(
                &[(true, data)],
                announcement.port,
                announcement.is_active,
            ));
            let last = announcement.lines[0].1.escape_ascii();
            assert_eq!(alerts(FTP, &frames), [1, 4], "{last}");
        }
    }
}

#[test]
fn another_connection_is_not() {
    for announcement in &ANNOUNCEMENTS {
        let mut frames = open(&dialogue(announcement), 2121);
        let (port, is_active) = (announcement.port + 1, announcement.is_active);
        let elsewhere = connection(&[(true, b"filetok")], port, !is_active);
        frames.extend(elsewhere);
        assert_eq!(alerts(FTP, &frames), [4]);
    }
    // Nothing that is no dialogue of FTP announces anything.
    let mut frames = open(
        &[(true, b"hello\r\n"), (false, b"227 (10,0,0,2,4,2)\r\n")],
        2121,
    );
    frames.extend(connection(&[(true, b"filetok")], 1026, false));
    assert_eq!(alerts(FTP, &frames), [0; 0]);
}

#[test]
fn an_announcement_may_be_cut_anywhere() {
    for announcement in &ANNOUNCEMENTS {
        let [first, second] = announcement.lines else {
            panic!("a line of each end");
        };
        for at in 0..first.1.len().max(second.1.len()) {
            let mut pieces = dialogue(announcement);
            pieces.truncate(3);
            for (from_client, line) in announcement.lines {
                let (a, b) = line.split_at(at.min(line.len()));
                let cut = [(*from_client, a), (*from_client, b)];
                pieces.extend(cut.into_iter().filter(|(_, piece)| !piece.is_empty()));
            }
            let mut frames = open(&pieces, 2121);
            let (port, is_active) = (announcement.port, announcement.is_active);
            frames.extend(connection(&[(true, b"filetok")], port, is_active));
            assert_eq!(alerts(FTP, &frames), [1, 4], "cut at {at}");
        }
    }
}

const STARTTLS: &str = r#"
    alert ssl (content:"hellotok"; sid:1;)
    alert smtp (content:"hellotok"; sid:2;)
    alert smtp (content:"EHLO"; sid:3;)
    alert ssl (content:"bodytok"; sid:4;)
    alert smtp (content:"bodytok"; sid:5;)
"#;

#[test]
fn a_dialogue_that_goes_over_to_tls_is_tls() {
    let hello = b"\x16\x03\x01\0\x0c\x01\0\0\x08hellotok";
    let begin: [(bool, &[u8]); 5] = [
        (false, b"220 mail ESMTP\r\n"),
        (true, b"EHLO me\r\n"),
        (false, b"250 STARTTLS\r\n"),
        (true, b"STARTTLS\r\n"),
        (false, b"220 go on\r\n"),
    ];
    for at in 0..hello.len() {
        let (a, b) = hello.split_at(at);
        let mut pieces = begin.to_vec();
        pieces.extend(
            [(true, a), (true, b)]
                .into_iter()
                .filter(|(_, p)| !p.is_empty()),
        );
        let frames = connection(&pieces, 2525, false);
        let sids = alerts(STARTTLS, &frames);
        // Cut in the middle the first segment is one of mail when it is searched.
        assert!(
            sids.contains(&1) && sids.contains(&3),
            "cut at {at}: {sids:?}"
        );
        assert!(!sids.contains(&4) && !sids.contains(&5), "{sids:?}");
    }
    for body in [
        &b"\x16 bodytok"[..],
        b"\x16\x09\x01\0\x20 bodytok",
        b"bodytok \x16\x03\x01\0\x20\x01",
    ] {
        let mut pieces = begin.to_vec();
        pieces.push((true, body));
        let frames = connection(&pieces, 2525, false);
        assert_eq!(alerts(STARTTLS, &frames), [3, 5], "{}", body.escape_ascii());
    }
}

const SNMP: &str = r#"
    alert snmp (content:"public"; sid:1;)
    alert udp any any -> any 161 (content:"public"; service:snmp; sid:2;)
    alert udp any any -> any 162 (content:"public"; service:snmp; sid:3;)
    alert tcp any any -> any 705 (content:"public"; service:snmp; sid:4;)
    alert udp any any -> any any (content:"public"; service:dns; sid:5;)
    alert tcp any any -> any any (content:"public"; sid:6;)
"#;

/// 10.0.0.1:1024 → 10.0.0.2:port, or back.
fn datagram(port: u16, from_client: bool, payload: &[u8]) -> Vec<u8> {
    let ports = if from_client {
        [1024, port]
    } else {
        [port, 1024]
    };
    let length = u16::try_from(8 + payload.len()).unwrap();
    let mut udp = Vec::new();
    for word in [ports[0], ports[1], length, 0] {
        udp.extend(word.to_be_bytes());
    }
    udp.extend(payload);
    let mut frame = ipv4(1, 17, 1, 0, &udp);
    if !from_client {
        frame[26..34].copy_from_slice(&[10, 0, 0, 2, 10, 0, 0, 1]);
    }
    frame
}

#[test]
fn datagrams_are_of_a_service_by_their_bytes() {
    let request = b"\x30\x26\x02\x01\x00\x04\x06public\xa0\x19";
    let other = b"hello";
    for (port, exchange, expected) in [
        // On its own port at once; there its rules are tried by their ports.
        (161, &[(true, &request[..])][..], &[1, 2][..]),
        (162, &[(true, request)], &[1, 3]),
        // Elsewhere the ports decide until the other end has answered, then the service alone.
        (7161, &[(true, request)], &[5]),
        (7161, &[(true, request), (false, other)], &[5]),
        (
            7161,
            &[(true, request), (false, other), (true, request)],
            &[1, 2, 3, 4, 5],
        ),
        (
            53,
            &[(true, request), (false, other), (true, request)],
            &[1, 2, 3, 4, 5],
        ),
        // What looks like nothing is of no service.
        (161, &[(true, b"public")], &[2, 5]),
        (
            7161,
            &[(true, b"public"), (false, other), (true, b"public")],
            &[5],
        ),
    ] {
        let frames: Vec<_> = exchange
            .iter()
            .map(|(from_client, payload)| datagram(port, *from_client, payload))
            .collect();
        assert_eq!(
            alerts(SNMP, &frames),
            expected,
            "{port}, {} datagrams",
            exchange.len()
        );
    }
}

#[test]
fn the_protocol_of_the_header_is_that_of_flows_without_a_service() {
    let rules = r#"
        alert udp any any -> any 5060 (content:"INVITE"; service:sip; sid:1;)
        alert tcp any any -> any 5060 (content:"INVITE"; service:sip; sid:2;)
        alert udp any any -> any 5060 (content:"INVITE"; sid:3;)
    "#;
    let invite = b"INVITE sip:a@b SIP/2.0\r\n\r\n";
    assert_eq!(
        alerts(rules, &connection(&[(true, invite)], 9999, false)),
        [1, 2]
    );
    assert_eq!(alerts(rules, &[datagram(5060, true, invite)]), [1, 2, 3]);
    assert_eq!(alerts(rules, &[datagram(5060, true, b"INVITE x")]), [1, 3]);
}

#[test]
fn the_looks_at_datagrams_end() {
    let request = b"\x30\x26\x02\x01\x00\x04\x06public\xa0\x19";
    for (before, expected) in [(3, &[1, 2][..]), (4, &[2, 5])] {
        let mut frames = vec![datagram(161, true, b"something else"); before];
        frames.push(datagram(161, true, request));
        assert_eq!(alerts(SNMP, &frames), expected, "{before} before");
    }
}

#[test]
fn a_method_alone_is_http() {
    let rules = r#"
        alert tcp any any -> any any (content:"Host"; sid:1;)
        alert http (http_header; content:"Host"; sid:2;)
    "#;
    let cut: [(bool, &[u8]); 2] = [(true, b"POST"), (true, b" / HTTP/1.1\r\nHost: a\r\n\r\n")];
    assert_eq!(alerts(rules, &connection(&cut, 7777, false)), [2]);
    let whole: [(bool, &[u8]); 1] = [(true, b"POST / HTTP/1.1\r\nHost: a\r\n\r\n")];
    assert_eq!(alerts(rules, &connection(&whole, 7777, false)), [1, 2]);
}

const MAIL: &str = r#"
    alert smtp (content:"MAIL"; content:"RCPT"; sid:1;)
    alert tcp any any -> any 9 (file_data; content:"needle",depth 8; service:smtp; sid:2;)
    alert tcp any any -> any any (file_data; content:!"needle"; sid:3;)
    alert smtp (file_type:"PDF"; file_data; content:"attached"; sid:4;)
    alert tcp any any -> any any (content:"220 "; sid:5;)
    alert smtp (content:"Subject"; content:"|0d 0a|.|0d 0a|"; sid:6;)
    alert smtp (content:"bmVl"; dsize:5<>200; sid:7;)
    alert smtp (content:"QUIT"; dsize:6; sid:8;)
    alert smtp (content:"354"; content:"250"; sid:9;)
"#;

/// A message between its commands: how often each rule alerts, wherever the client's bytes are
/// cut in two.
fn mail(message: &str, expected: &[u32]) {
    let sent = format!("MAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\n{message}.\r\nQUIT\r\n");
    for cut in 1..sent.len() {
        let (a, b) = sent.as_bytes().split_at(cut);
        let pieces = [
            (false, &b"220 mail ESMTP\r\n"[..]),
            (true, b"EHLO me\r\n"),
            (false, b"250 ok\r\n"),
            (true, a),
            (true, b),
            (
                false,
                b"250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n221 bye\r\n",
            ),
        ];
        let frames = connection(&pieces, 2525, false);
        let mut seen: Vec<u32> = run(&mut engine(MAIL, Config::default()), &frames)
            .0
            .iter()
            .map(|(sid, _)| *sid)
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, expected, "cut at {cut}: {message:?}");
    }
}

#[test]
fn mail_is_judged_command_by_command_and_part_by_part() {
    // The greeting alerts once, though it is a segment and a PDU.
    mail("Subject: needle\r\n\r\nneedle\r\n", &[5, 6, 8]);
    let encoded = "Content-Transfer-Encoding: base64\r\n\r\nbmVlZGxl\r\n";
    mail(encoded, &[2, 5, 7, 8]);
    mail(&encoded.replace("bmVl", "bmVs"), &[3, 5, 8]);
    let two = format!(
        "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\n%PDF-1.7 attached\r\n\
         --B\r\n{encoded}--B\r\n\r\nattached\r\n--B--\r\n"
    );
    mail(&two, &[2, 3, 3, 4, 5, 7, 8]);
}

/// Mail that Snort takes apart only if it has parts.
#[test]
fn of_pop3_the_parts_of_a_message_are_files() {
    let rules = r#"alert pop3 (file_data; content:"needle"; sid:1;)
        alert pop3 (content:"+OK"; content:"Subject"; sid:2;)"#;
    let encoding = "Content-Transfer-Encoding: 7bit";
    let part = format!("--B\r\n{encoding}\r\n\r\nneedle\r\n--B--");
    for (header, body, expected) in [
        (encoding, "needle", &[2][..]),
        ("Content-Type: multipart/mixed; boundary=B", &part, &[1, 2]),
    ] {
        let message = format!("+OK\r\nSubject: x\r\n{header}\r\n\r\n{body}\r\n.\r\n");
        let pieces = [
            (false, &b"+OK hello\r\n"[..]),
            (true, b"RETR 1\r\n"),
            (false, message.as_bytes()),
        ];
        let frames = connection(&pieces, 9110, false);
        assert_eq!(alerts(rules, &frames), expected, "{header}");
    }
}
