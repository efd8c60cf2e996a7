//! Session packets, gaps, what is no SMB.

use super::{
    smb2::{message, write},
    *,
};

#[test]
fn a_message_is_a_unit_with_its_header() {
    let request = [0x81, 0, 0, 2, b'x', b'y'].to_vec();
    let keep_alive = [0x85, 0, 0, 0].to_vec();
    let negotiate = packet(&message((0, 0, 0), b"dialects"));
    let sealed = packet(b"\xFDSMB ciphertext");
    let blocks = [(
        true,
        [&request[..], &keep_alive, &negotiate, &sealed].concat(),
    )];
    let (seen, verdict) = same_at_every_cut(&new, &blocks, &[], &Config::default());
    assert_eq!(verdict, Verdict::Continue);
    let payloads: Vec<&[u8]> = seen.iter().map(|unit| &unit.payload[..]).collect();
    assert_eq!(payloads, [&request[..], &keep_alive, &negotiate, &sealed]);
}

/// Of a long message the file goes on in the pieces behind the first.
#[test]
fn long_messages_come_in_pieces() {
    let config = Config {
        flush_size: 256,
        ..Config::default()
    };
    let file: Vec<u8> = (0..1000)
        .map(|at| b'a' + u8::try_from(at % 26).unwrap())
        .collect();
    let long = packet(&[write(0, [1; 16], 0, &file), b"behind it".to_vec()].concat());
    let next = packet(&write(0, [1; 16], 0, b"next"));
    let blocks = [(true, [long.clone(), next].concat())];
    let (seen, _) = same_at_every_cut(&new, &blocks, &[], &config);
    let shown = shown(&seen);
    let lengths: Vec<usize> = shown.iter().map(|(length, _, _)| *length).collect();
    assert_eq!(lengths.iter().sum::<usize>(), blocks[0].1.len());
    assert_eq!(lengths[..2], [256, 256]);
    let files: Vec<String> = shown.into_iter().filter_map(|(_, file, _)| file).collect();
    let (last, pieces) = files.split_last().unwrap();
    assert_eq!(pieces.concat().as_bytes(), file);
    assert_eq!(last, "next");
}

/// The same of what a pipe carries.
#[test]
fn long_requests_come_in_pieces() {
    let config = Config {
        flush_size: 256,
        ..Config::default()
    };
    let asked = request((WHOLE, 1), (0, 7), &[b's'; 1000]);
    let blocks = [
        (true, packet(&write(0, [1; 16], 0, &bind()))),
        (true, packet(&write(0, [1; 16], 0, &asked))),
    ];
    let (seen, _) = same_at_every_cut(&new, &blocks, &[], &config);
    let spoken: Vec<&Seen> = seen.iter().filter(|unit| unit.dce.is_some()).collect();
    assert_eq!(spoken.len(), 1);
    assert_eq!(spoken[0].dce.as_deref(), Some(ASKED));
    assert_eq!(spoken[0].fresh, [(BufferId::DceStubData, vec![b's'; 1000])]);
}

/// A fragment that completes others is judged with its message, and then what all come to.
#[test]
fn joined_fragments_are_units_of_their_own() {
    let (first, last) = (
        request((FIRST, 1), (0, 7), b"one "),
        request((LAST, 1), (0, 7), b"two"),
    );
    let packets = [&first, &last].map(|pdu| packet(&write(0, [1; 16], 0, pdu)));
    let blocks = [(true, packets.concat())];
    let (seen, _) = same_at_every_cut(&new, &blocks, &[], &Config::default());
    let whole = [&first[..], b"two"].concat();
    let payloads: Vec<&[u8]> = seen.iter().map(|unit| &unit.payload[..]).collect();
    assert_eq!(payloads, [&packets[0][..], &packets[1], &whole]);
    let spoken: Vec<bool> = seen.iter().map(|unit| unit.dce.is_some()).collect();
    assert_eq!(spoken, [true, false, true]);
}

#[test]
fn what_is_no_session_packet_is_a_plain_stream() {
    for (bytes, verdict) in [
        (
            &b"GET / HTTP/1.1\r\n"[..],
            Verdict::Abandon("smb_session_type"),
        ),
        (b"\x01\0\0\x04abcd", Verdict::Abandon("smb_session_type")),
        (b"\0\0\0\x04abcd", Verdict::Continue),
    ] {
        let front = packet(&message((0, 0, 0), b""));
        let blocks = [
            (false, b"\0\0\0\x09half".to_vec()),
            (true, [&front[..], bytes].concat()),
        ];
        let (seen, found) = same_at_every_cut(&new, &blocks, &[], &Config::default());
        assert_eq!(found, verdict);
        let shown: usize = seen.iter().map(|unit| unit.payload.len()).sum();
        assert_eq!(shown, front.len() + bytes.len() + 8);
    }
}

#[test]
fn what_is_half_read_at_the_end_is_shown() {
    let whole = packet(&write(0, [1; 16], 0, b"file"));
    let blocks = [(true, whole[..whole.len() - 1].to_vec())];
    let (seen, _) = same_at_every_cut(&new, &blocks, &[], &Config::default());
    assert_eq!(joined(&seen).len(), 1);
    assert_eq!(seen[0].payload, whole[..whole.len() - 1]);
}

#[test]
fn gaps() {
    let config = Config {
        flush_size: 200,
        ..Config::default()
    };
    let one = packet(&write(0, [1; 16], 0, &[b'x'; 500]));
    let next = packet(&write(0, [1; 16], 0, b"next"));
    for (before, lost, verdict) in [
        (100, 50, Verdict::Continue),
        // Behind the first piece: the file does not go on.
        (250, 100, Verdict::Continue),
        (250, one.len() - 250, Verdict::Continue),
        (250, one.len() - 249, Verdict::Abandon("smb_gap_in_framing")),
        (2, 50, Verdict::Abandon("smb_gap_in_framing")),
        (0, 1, Verdict::Abandon("smb_gap_in_framing")),
    ] {
        let mut smb = Smb::default();
        let (mut length, mut files) = (0, Vec::new());
        let mut emit = |pdu: &Pdu<'_>| {
            length += pdu.payload.len();
            pdu.buffers.fresh(&mut |_, bytes| files.push(bytes.len()));
        };
        let feed = |data| Feed {
            to_server: true,
            data,
            config: &config,
        };
        smb.feed(&feed(&one[..before]), &mut emit);
        let gap = smb.gap(true, lost as u64, &config, &mut emit);
        assert_eq!(gap, verdict, "{lost} behind {before}");
        if gap == Verdict::Continue {
            let rest = [&one[before + lost..], &next].concat();
            assert_eq!(smb.feed(&feed(&rest), &mut emit), Verdict::Continue);
            assert_eq!(length, one.len() - lost + next.len());
            assert_eq!(files.last(), Some(&4), "{lost} behind {before}");
        } else {
            assert_eq!(length, before);
        }
    }
}
