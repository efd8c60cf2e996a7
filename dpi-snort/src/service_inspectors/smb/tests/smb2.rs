//! SMB 2 and 3.

use super::*;
use crate::file_types::FileDefinitions;

const REPLY: u32 = 1;
const ASYNC: u32 = 2;
const RELATED: u32 = 4;
const DISK: u8 = 1;
const PIPE: u8 = 2;
const FILE_ID: [u8; 16] = *b"FILEFILEFILEFILE";
const NONE: [u8; 16] = [0xFF; 16];

/// A message: command, flags, number.
pub(super) fn message((command, flags, id): (u16, u32, u64), body: &[u8]) -> Vec<u8> {
    [
        &b"\xFESMB\x40\0\x01\0"[..],
        &[0; 4],
        &command.to_le_bytes(),
        &[1, 0],
        &flags.to_le_bytes(),
        &[0; 4],
        &id.to_le_bytes(),
        &[0; 4],
        &5u32.to_le_bytes(),
        &17u64.to_le_bytes(),
        &[0; 16],
        body,
    ]
    .concat()
}

fn connected(share: u8) -> (bool, Vec<u8>) {
    let body = [16, 0, share, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    (false, packet(&message((3, REPLY, 2), &body)))
}

fn length(data: &[u8]) -> [u8; 4] {
    u32::try_from(data.len()).unwrap().to_le_bytes()
}

pub(super) fn write(flags: u32, id: [u8; 16], offset: u64, data: &[u8]) -> Vec<u8> {
    let body = [
        &[49, 0, 0x70, 0][..],
        &length(data),
        &offset.to_le_bytes(),
        &id,
        &[0; 16],
        data,
    ];
    message((9, flags, 3), &body.concat())
}

fn read(flags: u32, number: u64, id: [u8; 16]) -> Vec<u8> {
    let body = [&[49, 0, 0x50, 0, 0, 1, 0, 0][..], &[0; 8], &id, &[0; 17]];
    message((8, flags, number), &body.concat())
}

fn read_reply(flags: u32, number: u64, data: &[u8]) -> Vec<u8> {
    let body = [&[17, 0, 0x50, 0][..], &length(data), &[0; 8], data];
    message((8, REPLY | flags, number), &body.concat())
}

fn ioctl(code: u32, data: &[u8]) -> Vec<u8> {
    let head = [&[57, 0, 0, 0][..], &code.to_le_bytes(), &FILE_ID];
    let counts = [&[0x78, 0, 0, 0][..], &length(data), &[0; 24], data];
    message((11, 0, 4), &[head.concat(), counts.concat()].concat())
}

fn ioctl_reply(code: u32, data: &[u8]) -> Vec<u8> {
    let head = [&[49, 0, 0, 0][..], &code.to_le_bytes(), &FILE_ID, &[0; 8]];
    let counts = [&[0x70, 0, 0, 0][..], &length(data), &[0; 8], data];
    message((11, REPLY, 4), &[head.concat(), counts.concat()].concat())
}

fn create(flags: u32, number: u64) -> Vec<u8> {
    message((5, flags, number), &[57, 0, 0, 0])
}

fn create_reply(number: u64) -> Vec<u8> {
    let body = [&[89, 0][..], &[0; 62], &FILE_ID, &[0; 8]].concat();
    message((5, REPLY, number), &body)
}

fn close(id: [u8; 16]) -> Vec<u8> {
    let body = [&[24, 0, 0, 0, 0, 0, 0, 0][..], &id].concat();
    message((6, 0, 9), &body)
}

/// Messages of one session packet, each but the last at a multiple of eight.
fn compound(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut all = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        let mut message = message.clone();
        if number + 1 < messages.len() {
            message.resize(message.len().next_multiple_of(8), 0);
            let next = u32::try_from(message.len()).unwrap().to_le_bytes();
            message[20..24].copy_from_slice(&next);
        }
        all.extend(message);
    }
    packet(&all)
}

fn to_server(message: &[u8]) -> (bool, Vec<u8>) {
    (true, packet(message))
}

fn to_client(message: &[u8]) -> (bool, Vec<u8>) {
    (false, packet(message))
}

const TRANSCEIVE: u32 = 0x0011_C017;

#[test]
fn pipes() {
    for (name, conversation, expected) in [
        (
            "written and read",
            vec![
                connected(PIPE),
                to_server(&write(0, FILE_ID, 0, &bind())),
                to_server(&read(0, 7, FILE_ID)),
                to_client(&read_reply(0, 7, &accepted())),
                to_server(&write(0, FILE_ID, 0, &ask())),
                to_server(&read(0, 8, FILE_ID)),
                to_client(&read_reply(0, 8, &told())),
            ],
            &[ASKED, ASKED][..],
        ),
        (
            "transceived",
            vec![
                connected(PIPE),
                to_server(&ioctl(TRANSCEIVE, &bind())),
                to_client(&ioctl_reply(TRANSCEIVE, &accepted())),
                to_server(&ioctl(TRANSCEIVE, &ask())),
                to_client(&ioctl_reply(TRANSCEIVE, &told())),
            ],
            &[ASKED, ASKED],
        ),
        (
            "with another control code",
            vec![connected(PIPE), to_server(&ioctl(0x0011_0018, &ask()))],
            &[],
        ),
        (
            "on a share that is not known",
            vec![
                to_server(&write(0, FILE_ID, 0, &bind())),
                to_server(&write(0, FILE_ID, 0, &ask())),
            ],
            &[ASKED],
        ),
        (
            "what is on a disk is a file",
            vec![
                connected(DISK),
                to_server(&write(0, FILE_ID, 0, b"\x05\0\0")),
            ],
            &["\u{5}\0\0"],
        ),
        (
            "answered later, and asynchronously",
            vec![
                connected(PIPE),
                to_server(&write(0, FILE_ID, 0, &bind())),
                to_server(&write(0, FILE_ID, 0, &ask())),
                to_server(&read(0, 7, FILE_ID)),
                to_client(&pending(7)),
                to_client(&read_reply(ASYNC, 7, &told())),
            ],
            &[ASKED, ASKED],
        ),
        (
            "in fragments of their own writes",
            vec![
                connected(PIPE),
                to_server(&write(0, FILE_ID, 0, &bind())),
                to_server(&write(0, FILE_ID, 0, &request((FIRST, 1), (0, 7), b"a"))),
                to_server(&write(0, FILE_ID, 0, &request((LAST, 1), (0, 7), b"b"))),
            ],
            &[ASKED, ASKED],
        ),
        (
            "a PDU over two writes",
            vec![
                connected(PIPE),
                to_server(&write(0, FILE_ID, 0, &bind()[..30])),
                to_server(&write(0, FILE_ID, 0, &bind()[30..])),
                to_server(&write(0, FILE_ID, 0, &[ask(), ask()].concat())),
            ],
            &[ASKED, ASKED],
        ),
        (
            "after it was closed, another",
            vec![
                connected(PIPE),
                to_server(&write(0, FILE_ID, 0, &bind())),
                to_server(&close(FILE_ID)),
                to_server(&write(0, FILE_ID, 0, &ask())),
            ],
            &["v- op 7 first Little"],
        ),
        (
            "begun anew behind what is no DCE/RPC",
            vec![
                connected(PIPE),
                to_server(&write(0, FILE_ID, 0, &[b'x'; 40])),
                to_server(&write(0, FILE_ID, 0, &ask())),
            ],
            &["v- op 7 first Little"],
        ),
    ] {
        assert_eq!(tells(name, &conversation), expected, "{name}");
    }
}

/// `STATUS_PENDING`.
fn pending(number: u64) -> Vec<u8> {
    let mut message = message((8, REPLY | ASYNC, number), &[9, 0, 0, 0, 0, 0, 0, 0, 0]);
    message[8..12].copy_from_slice(&0x103u32.to_le_bytes());
    message
}

#[test]
fn related_operations() {
    let opened = compound(&[
        create(0, 6),
        write(RELATED, NONE, 0, &bind()),
        read(RELATED, 7, NONE),
    ]);
    let answered = compound(&[create_reply(6), read_reply(RELATED, 7, &accepted())]);
    for (name, conversation, expected) in [
        (
            "a pipe that is used as it is created",
            vec![
                connected(PIPE),
                (true, opened),
                (false, answered),
                to_server(&write(0, FILE_ID, 0, &ask())),
            ],
            &[ASKED][..],
        ),
        (
            "two files in one packet",
            vec![
                connected(DISK),
                (
                    true,
                    compound(&[write(0, FILE_ID, 0, b"one"), write(0, NONE, 0, b"two")]),
                ),
            ],
            &["one", "two"],
        ),
        (
            "two requests in one packet",
            vec![
                connected(PIPE),
                to_server(&write(0, FILE_ID, 0, &bind())),
                (
                    true,
                    compound(&[
                        write(0, FILE_ID, 0, &ask()),
                        write(RELATED, NONE, 0, &ask()),
                    ]),
                ),
            ],
            &[ASKED, ASKED],
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
            vec![connected(DISK), to_server(&write(0, FILE_ID, 0, b"file"))],
            &["file"][..],
        ),
        (
            "read",
            vec![
                connected(DISK),
                to_server(&read(0, 7, FILE_ID)),
                to_client(&read_reply(0, 7, b"file")),
            ],
            &["file"],
        ),
        (
            "read, but not asked for",
            vec![connected(DISK), to_client(&read_reply(0, 7, b"file"))],
            &[],
        ),
        (
            "nothing written",
            vec![connected(DISK), to_server(&write(0, FILE_ID, 0, b""))],
            &[],
        ),
    ] {
        assert_eq!(tells(name, &conversation), expected, "{name}");
    }
}

/// What a file is says its beginning alone.
#[test]
fn types_of_files() {
    let config = Config::default();
    let types = |offset| {
        let mut smb = Smb::default();
        let mut types = Vec::new();
        let data = packet(&write(0, FILE_ID, offset, b"%PDF-1.7"));
        let feed = Feed {
            to_server: true,
            data: &data,
            config: &config,
        };
        smb.feed(&feed, &mut |pdu| types.push(pdu.buffers.file_types()));
        types
    };
    assert_eq!(types(0), [FileDefinitions::default().named("PDF").unwrap()]);
    assert_eq!(types(1), [FileTypes::default()]);
}

/// Numbers that lead out of the message.
#[test]
fn what_is_not_there_is_not_carried() {
    let long = {
        let mut message = write(0, FILE_ID, 0, b"file");
        message[68..72].copy_from_slice(&u32::MAX.to_le_bytes());
        message
    };
    let behind = {
        let mut message = write(0, FILE_ID, 0, b"file");
        message[66..68].copy_from_slice(&u16::MAX.to_le_bytes());
        message
    };
    let in_header = {
        let mut message = write(0, FILE_ID, 0, b"file");
        message[66..68].copy_from_slice(&8u16.to_le_bytes());
        message
    };
    for (message, expected) in [
        (long, &["file"][..]),
        (behind, &[]),
        (in_header, &[]),
        (write(0, FILE_ID, 0, b"file")[..80].to_vec(), &[]),
    ] {
        let conversation = vec![connected(DISK), to_server(&message)];
        assert_eq!(tells("bad numbers", &conversation), expected);
    }
}
