//! SMB 1.

use super::*;

const REPLY: u8 = 0x80;
const NO_MORE: [u8; 4] = [0xFF, 0, 0, 0];
const FID: [u8; 2] = [0x40, 0];

fn message((command, flags, multiplex): (u8, u8, u8), words: &[u8], bytes: &[u8]) -> Vec<u8> {
    assert_eq!(words.len() % 2, 0);
    let count = u8::try_from(words.len() / 2).unwrap();
    let length = u16::try_from(bytes.len()).unwrap().to_le_bytes();
    [
        &b"\xFFSMB"[..],
        &[command, 0, 0, 0, 0, flags, 0, 0],
        &[0; 12],
        &[4, 0, 0x4D, 0, 9, 0, multiplex, 0],
        &[count],
        words,
        &length,
        bytes,
    ]
    .concat()
}

fn two(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap().to_le_bytes()
}

fn connected(service: &[u8]) -> (bool, Vec<u8>) {
    let words = [&NO_MORE[..], &[1, 0]].concat();
    (false, packet(&message((0x75, REPLY, 1), &words, service)))
}

/// `mode` is the `WriteMode`.
fn write(mode: u8, data: &[u8]) -> (bool, Vec<u8>) {
    let words = [
        &NO_MORE[..],
        &FID,
        &[0; 8],
        &[mode, 0],
        &[0; 4],
        &two(data.len()),
        &two(32 + 1 + 28 + 2 + 1),
        &[0; 4],
    ];
    let bytes = [&[0], data].concat();
    (
        true,
        packet(&message((0x2F, 0, 2), &words.concat(), &bytes)),
    )
}

fn read(multiplex: u8) -> (bool, Vec<u8>) {
    let words = [&NO_MORE[..], &FID, &[0; 18]].concat();
    (true, packet(&message((0x2E, 0, multiplex), &words, b"")))
}

fn read_reply(multiplex: u8, data: &[u8]) -> (bool, Vec<u8>) {
    let words = [
        &NO_MORE[..],
        &[0; 6],
        &two(data.len()),
        &two(32 + 1 + 24 + 2),
        &[0; 10],
    ];
    let message = message((0x2E, REPLY, multiplex), &words.concat(), data);
    (false, packet(&message))
}

/// A transaction on a pipe; what there is of the data stands in front of `left` bytes more.
fn transaction(subcommand: u8, data: &[u8], left: usize) -> (bool, Vec<u8>) {
    let words = [
        &[0, 0][..],
        &two(data.len() + left),
        &[0; 18],
        &two(data.len()),
        &two(32 + 1 + 32 + 2),
        &[2, 0, subcommand, 0],
        &FID,
    ];
    (true, packet(&message((0x25, 0, 3), &words.concat(), data)))
}

fn secondary(before: usize, data: &[u8]) -> (bool, Vec<u8>) {
    let words = [
        &[0, 0][..],
        &two(before + data.len()),
        &[0; 6],
        &two(data.len()),
        &two(32 + 1 + 16 + 2),
        &two(before),
    ];
    (true, packet(&message((0x26, 0, 3), &words.concat(), data)))
}

fn transaction_reply(before: usize, data: &[u8], left: usize) -> (bool, Vec<u8>) {
    let words = [
        &[0, 0][..],
        &two(before + data.len() + left),
        &[0; 8],
        &two(data.len()),
        &two(32 + 1 + 20 + 2),
        &two(before),
        &[0, 0],
    ];
    let message = message((0x25, REPLY, 3), &words.concat(), data);
    (false, packet(&message))
}

#[test]
fn pipes() {
    let (asked, answered) = (ask(), told());
    let (one, two) = asked.split_at(20);
    let (three, four) = answered.split_at(20);
    for (name, conversation, expected) in [
        (
            "written and read",
            vec![
                connected(b"IPC\0"),
                write(0, &bind()),
                read(5),
                read_reply(5, &accepted()),
                write(0, &asked),
                read(6),
                read_reply(6, &answered),
            ],
            &[ASKED, ASKED][..],
        ),
        (
            "transacted",
            vec![
                connected(b"IPC\0"),
                transaction(0x26, &bind(), 0),
                transaction_reply(0, &accepted(), 0),
                transaction(0x26, &asked, 0),
                transaction_reply(0, &answered, 0),
            ],
            &[ASKED, ASKED],
        ),
        (
            "transacted in parts",
            vec![
                transaction(0x26, &bind(), 0),
                transaction(0x26, one, two.len()),
                secondary(one.len(), two),
                transaction_reply(0, three, four.len()),
                transaction_reply(three.len(), four, 0),
                // It is over.
                transaction_reply(0, &answered, 0),
            ],
            &[ASKED, ASKED],
        ),
        (
            "written by a transaction",
            vec![transaction(0x37, &bind(), 0), transaction(0x31, &asked, 0)],
            &[ASKED],
        ),
        (
            "a transaction of another kind",
            vec![transaction(0x26, &bind(), 0), transaction(0x53, &asked, 0)],
            &[],
        ),
        (
            "with the length of the message in front",
            vec![
                connected(b"IPC\0"),
                write(0, &bind()),
                write(0x0C, &[&[40, 0][..], &asked].concat()),
            ],
            &[ASKED],
        ),
        (
            "a file, though it looks like a request",
            vec![connected(b"A:\0"), write(0, b"\x05\0\0")],
            &["\u{5}\0\0"],
        ),
        (
            "on a share that is not known",
            vec![write(0, &bind()), write(0, &asked)],
            &[ASKED],
        ),
        (
            "after it was closed, another",
            vec![
                connected(b"IPC\0"),
                write(0, &bind()),
                (
                    true,
                    packet(&message((4, 0, 9), &[&FID[..], &[0; 4]].concat(), b"")),
                ),
                write(0, &asked),
            ],
            &["v- op 7 first Little"],
        ),
    ] {
        assert_eq!(tells(name, &conversation), expected, "{name}");
    }
}

#[test]
fn files() {
    for (name, conversation, expected) in [
        (
            "written",
            vec![connected(b"A:\0"), write(0, b"file")],
            &["file"][..],
        ),
        (
            "read",
            vec![connected(b"A:\0"), read(5), read_reply(5, b"file")],
            &["file"],
        ),
        (
            "read, but not asked for",
            vec![connected(b"A:\0"), read(5), read_reply(6, b"file")],
            &[],
        ),
    ] {
        assert_eq!(tells(name, &conversation), expected, "{name}");
    }
}

/// The share is connected behind the session's beginning, in one message.
#[test]
fn chained_commands() {
    let first = message(
        (0x73, REPLY, 1),
        &[&[0x75, 0][..], &two(32 + 1 + 6 + 2), &[0; 2]].concat(),
        b"",
    );
    let second = [&[3][..], &NO_MORE, &[1, 0], &two(4), b"IPC\0"].concat();
    let backwards = {
        let mut first = first.clone();
        first[35..37].copy_from_slice(&two(32));
        first
    };
    let look = [b"\x05\0\0 no pipe".as_slice()].concat();
    for (front, expected) in [
        (&first, &[][..]),
        // It would not end; the share stays unknown, and this is not how a PDU begins.
        (&backwards, &["no pdu"]),
    ] {
        let chained = packet(&[&front[..], &second].concat());
        let data: &[u8] = if expected.is_empty() {
            &look
        } else {
            b"no pdu"
        };
        let conversation = vec![(false, chained), write(0, data)];
        assert_eq!(tells("chained", &conversation), expected);
    }
}
