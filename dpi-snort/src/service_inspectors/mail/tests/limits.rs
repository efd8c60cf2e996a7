//! Bounds, gaps and ends.

use super::*;
use crate::service_inspectors::Pdu;

fn feed(mail: &mut Mail, to_server: bool, data: &[u8], config: &Config) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    let feed = Feed {
        to_server,
        data,
        config,
    };
    let verdict = mail.feed(&feed, &mut |pdu: &Pdu<'_>| {
        payloads.push(pdu.payload.to_vec());
    });
    assert_eq!(verdict, Verdict::Continue);
    payloads
}

fn labels(mail: &mut Mail) -> Vec<&'static str> {
    let mut labels = Vec::new();
    mail.limits_hit(&mut |label| labels.push(label));
    labels
}

#[test]
fn little_is_held_of_a_long_message() {
    let config = Config {
        flush_size: 200,
        ..Config::default()
    };
    let body = "bmVlZGxl".repeat(1000);
    let header = "Content-Transfer-Encoding: base64\r\n\r\n";
    for (service, begin, end) in [
        ("smtp", "DATA\r\n".to_owned(), "\r\n.\r\n"),
        (
            "smtp",
            format!("BDAT {} LAST\r\n", header.len() + body.len()),
            "",
        ),
        (
            "imap",
            format!("* 1 FETCH (BODY[] {{{}}}\r\n", header.len() + body.len()),
            ")\r\n",
        ),
    ] {
        let to_server = service == "smtp";
        let text = format!("{begin}{header}{body}{end}");
        for size in [1, 7, 100, text.len()] {
            let mut mail = Mail::of(service).unwrap();
            let (mut payload, mut file_data, mut most) = (0, Vec::<u8>::new(), 0);
            for data in text.as_bytes().chunks(size) {
                let feed = Feed {
                    to_server,
                    data,
                    config: &config,
                };
                mail.feed(&feed, &mut |pdu: &Pdu<'_>| {
                    assert!(pdu.payload.len() <= 200);
                    payload += pdu.payload.len();
                    pdu.buffers.fresh(&mut |_, bytes| file_data.extend(bytes));
                });
                most = most.max(mail.memory());
            }
            assert_eq!(payload, text.len(), "{begin} {size}");
            assert_eq!(
                file_data,
                "needle".repeat(1000).as_bytes(),
                "{begin} {size}"
            );
            assert!(most < 4096, "{most}");
        }
    }
}

#[test]
fn a_line_without_end_is_given_out_in_pieces() {
    let config = Config {
        flush_size: 100,
        ..Config::default()
    };
    let mut mail = Mail::of("smtp").unwrap();
    let line = [&[b'x'; 250][..], b"\r\nDATA\r\n"].concat();
    let payloads = feed(&mut mail, true, &line, &config);
    let lengths: Vec<usize> = payloads.iter().map(Vec::len).collect();
    assert_eq!(lengths, [100, 100, 52, 6]);
    assert_eq!(labels(&mut mail), ["mail_line_length"; 2]);
    // The rest of a line is no command, the next line is.
    let mut mail = Mail::of("smtp").unwrap();
    let line = [&[b' '; 100][..], b"DATA\r\nNOOP\r\nNOOP\r\n"].concat();
    assert_eq!(feed(&mut mail, true, &line, &config).len(), 4);
}

/// Of a flood of short lines the first are PDUs, the others are judged together.
#[test]
fn pdus_of_one_turn() {
    let config = Config::default();
    for (service, to_server, line, answer) in [
        ("smtp", true, "a\n", "200 ok\r\n"),
        ("smtp", true, "RSET\n", "200 ok\r\n"),
        ("smtp", true, "DATA\n.\n", "200 ok\r\n"),
        ("smtp", true, "BDAT 0\n", "200 ok\r\n"),
        ("ftp", false, "2\n", "NOOP\r\n"),
        ("imap", false, "* OK\r\n", "a NOOP\r\n"),
        ("pop3", true, "NOOP\r\n", "+OK\r\n"),
    ] {
        let mut mail = Mail::of(service).unwrap();
        let flood = line.repeat(1000);
        let payloads = feed(&mut mail, to_server, flood.as_bytes(), &config);
        assert!(payloads.len() <= 101, "{line:?}: {}", payloads.len());
        assert!(labels(&mut mail).contains(&"mail_in_turn"), "{line:?}");
        // An answer ends the turn.
        let held = feed(&mut mail, !to_server, answer.as_bytes(), &config);
        assert_eq!(held.len(), 2, "{line:?}");
        let total: usize = payloads.iter().map(Vec::len).sum();
        assert_eq!(total + held[0].len(), flood.len(), "{line:?}");
        let next = feed(&mut mail, to_server, b"* NOOP\r\n", &config);
        assert_eq!(next, [b"* NOOP\r\n"], "{line:?}");
    }
}

#[test]
fn commands_that_pop3_remembers() {
    let config = Config::default();
    let mut mail = Mail::of("pop3").unwrap();
    feed(
        &mut mail,
        true,
        "RETR 1\r\n".repeat(101).as_bytes(),
        &config,
    );
    assert!(labels(&mut mail).contains(&"pop3_pipeline"));
    assert!(mail.memory() < 20_000);
}

#[test]
fn limits_of_messages_are_told() {
    let config = Config::default();
    let mut mail = Mail::of("smtp").unwrap();
    let message = format!("DATA\r\nSubject: {}\r\n.\r\n", "x".repeat(5000));
    feed(&mut mail, true, message.as_bytes(), &config);
    assert_eq!(labels(&mut mail), ["mime_header_length"]);
}

#[test]
fn gaps() {
    let config = Config::default();
    let header = "Content-Transfer-Encoding: 7bit\r\n\r\n";
    for (service, before, lost, after, expected) in [
        // In a command: its rest is no command.
        (
            "smtp",
            "NOO",
            3,
            "DATA\r\nNOOP\r\n",
            &[">>> NOO", r">>> DATA\r\n", r">>> NOOP\r\n"][..],
        ),
        // In a message: its end is found again.
        (
            "smtp",
            "DATA\r\na",
            9,
            ".\r\n.\r\nNOOP\r\n",
            &[r">>> DATA\r\n", ">>> a", r">>> .\r\n.\r\n", r">>> NOOP\r\n"],
        ),
        // In a chunk: the rest of it is counted.
        (
            "smtp",
            "BDAT 5\r\na",
            2,
            "bcNOOP\r\n",
            &[r">>> BDAT 5\r\n", ">>> a", ">>> bc", r">>> NOOP\r\n"],
        ),
        // Up to its end, and beyond.
        (
            "smtp",
            "BDAT 5\r\na",
            4,
            "NOOP\r\n",
            &[r">>> BDAT 5\r\n", ">>> a", r">>> NOOP\r\n"],
        ),
        (
            "smtp",
            "BDAT 5\r\na",
            5,
            "DATA\r\nNOOP\r\n",
            &[r">>> BDAT 5\r\n", ">>> a", r">>> DATA\r\n", r">>> NOOP\r\n"],
        ),
    ] {
        let mut mail = Mail::of(service).unwrap();
        let mut seen = Vec::new();
        let mut emit = |pdu: &Pdu<'_>| seen.push(format!(">>> {}", pdu.payload.escape_ascii()));
        for data in [before, after] {
            let feed = Feed {
                to_server: true,
                data: data.as_bytes(),
                config: &config,
            };
            mail.feed(&feed, &mut emit);
            if data == before {
                let verdict = mail.gap(true, lost, &config, &mut emit);
                assert_eq!(verdict, Verdict::Continue);
            }
        }
        assert_eq!(seen, expected, "{before} {lost} {after}");
    }
    // What was read of a message before and behind a gap is given out.
    let mut mail = Mail::of("smtp").unwrap();
    let mut file_data = Vec::new();
    let mut emit = |pdu: &Pdu<'_>| {
        pdu.buffers
            .fresh(&mut |_, bytes| file_data.push(bytes.to_vec()));
    };
    let before = format!("DATA\r\n{header}one");
    for data in [before.as_bytes(), b"two\r\n.\r\n"] {
        let feed = Feed {
            to_server: true,
            data,
            config: &config,
        };
        mail.feed(&feed, &mut emit);
        mail.gap(true, 0, &config, &mut emit);
    }
    assert_eq!(file_data, [&b"one"[..], b"two\r\n"]);
}

#[test]
fn what_is_half_read_is_given_out_at_the_end() {
    for (service, to_server, text) in [
        ("smtp", true, "NOO"),
        (
            "smtp",
            true,
            "DATA\r\nContent-Transfer-Encoding: 7bit\r\n\r\na\r\n.",
        ),
        ("smtp", true, "BDAT 100\r\nb"),
        ("smtp", false, "220-a\r\n"),
        ("pop3", false, "a\r\n"),
        ("imap", false, "* 1 FETCH (BODY[] {100}\r\nc"),
    ] {
        let blocks = [(to_server, text.as_bytes().to_vec())];
        let config = Config::default();
        let mut mail = Mail::of(service).unwrap();
        let (seen, _) = testing::run(&mut mail, &blocks, usize::MAX, &[], &config);
        let all: Vec<u8> = seen.iter().flat_map(|unit| unit.payload.clone()).collect();
        assert_eq!(all, text.as_bytes());
    }
}

/// A part is of one type however many sections it is cut into.
#[test]
fn types_of_files() {
    use crate::file_types::{FileDefinitions, FileTypes};
    let config = Config {
        flush_size: 64,
        ..Config::default()
    };
    let mut mail = Mail::of("smtp").unwrap();
    let pdf = format!("%PDF-1.7{}", "x".repeat(200));
    let text = format!(
        "DATA\r\nContent-Type: multipart/a; boundary=B\r\n\r\n--B\r\n\r\n{pdf}\r\n--B\r\n\r\n\
         plain\r\n--B--\r\n.\r\n"
    );
    let mut types = Vec::new();
    let feed = Feed {
        to_server: true,
        data: text.as_bytes(),
        config: &config,
    };
    mail.feed(&feed, &mut |pdu: &Pdu<'_>| {
        pdu.buffers.fresh(&mut |_, bytes| {
            types.push((bytes.to_vec(), pdu.buffers.file_types()));
        });
    });
    let (plain, file) = types.split_last().unwrap();
    assert_eq!(*plain, (b"plain".to_vec(), FileTypes::default()));
    assert!(file.len() > 2);
    let pdf = FileDefinitions::default().named("PDF").unwrap();
    assert!(file.iter().all(|(_, types)| *types == pdf));
}
