//! Connections of DCE/RPC, as PDUs.

use super::{
    testing::{FIRST, LAST, OBJECT, WHOLE, answer, in_order, pdu, propose, request, response},
    *,
};
use crate::{
    buffers::BufferId,
    service_inspectors::testing::{Seen, joined, run, same_at_every_cut},
};

use ByteOrder::{Big, Little};

mod datagrams;
mod limits;

type Conversation = Vec<(bool, Vec<u8>)>;

fn new() -> Box<dyn ServiceInspector> {
    Box::new(Dce::default())
}

/// What units with facts show: facts and stub.
fn told(seen: &[Seen]) -> Vec<(String, String)> {
    let told = seen.iter().filter_map(|unit| {
        let stub = unit
            .fresh
            .iter()
            .find(|(id, _)| *id == BufferId::DceStubData);
        let stub = stub.map_or(&b""[..], |(_, bytes)| bytes);
        Some((
            unit.dce.clone()?,
            String::from_utf8_lossy(stub).into_owned(),
        ))
    });
    told.collect()
}

/// A conversation, cut everywhere, gives these units.
fn tells(name: &str, conversation: &Conversation, expected: &[(&str, &str)]) {
    let (seen, verdict) = same_at_every_cut(&new, conversation, &[], &Config::default());
    assert_eq!(verdict, Verdict::Continue, "{name}");
    let told = told(&seen);
    let told: Vec<(&str, &str)> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(told, expected, "{name}");
}

fn bind(contexts: &[(u16, u16)]) -> (bool, Vec<u8>) {
    (true, propose(Little, 11, contexts))
}

fn ack(results: &[u16]) -> (bool, Vec<u8>) {
    (false, answer(12, b"135\0", results))
}

fn asks(call: u32, numbers: (u16, u16), stub: &[u8]) -> (bool, Vec<u8>) {
    (true, request((WHOLE, call), numbers, stub))
}

fn answers(call: u32, context: u16, stub: &[u8]) -> (bool, Vec<u8>) {
    (false, response((WHOLE, call), context, stub))
}

#[test]
fn contexts() {
    for (name, conversation, expected) in [
        (
            "a request and its response",
            vec![
                bind(&[(0, 3)]),
                ack(&[0]),
                asks(1, (0, 7), b"ask"),
                answers(1, 0, b"told"),
            ],
            &[
                ("v3 op 7 first Little", "ask"),
                ("v3 op 7 first Little", "told"),
            ][..],
        ),
        (
            "big endian",
            vec![
                (true, propose(Big, 11, &[(1, 3)])),
                ack(&[0]),
                (true, in_order(Big, (WHOLE, 1), (1, 7), b"ask")),
                answers(1, 1, b"told"),
            ],
            // The version is four bytes: major in the lower half.
            &[
                ("v3 op 7 first Big", "ask"),
                ("v3 op 7 first Little", "told"),
            ],
        ),
        (
            "refused: no interface, but an operation and a stub",
            vec![bind(&[(0, 3)]), ack(&[2]), asks(1, (0, 7), b"ask")],
            &[("v- op 7 first Little", "ask")],
        ),
        (
            "one of two refused",
            vec![
                bind(&[(0, 3), (1, 4)]),
                ack(&[2, 0]),
                asks(1, (0, 7), b"a"),
                asks(2, (1, 7), b"b"),
            ],
            &[("v- op 7 first Little", "a"), ("v4 op 7 first Little", "b")],
        ),
        (
            "an answer that names fewer",
            vec![bind(&[(0, 3), (1, 4)]), ack(&[0]), asks(1, (1, 7), b"a")],
            &[("v- op 7 first Little", "a")],
        ),
        (
            "the answer was not seen",
            vec![bind(&[(0, 3)]), asks(1, (0, 7), b"ask")],
            &[("v3 op 7 first Little", "ask")],
        ),
        (
            "bind_nak",
            vec![
                bind(&[(0, 3)]),
                (false, pdu(Little, (13, WHOLE, 1), &[0; 8], 0)),
                asks(1, (0, 7), b"ask"),
            ],
            &[("v- op 7 first Little", "ask")],
        ),
        (
            "alter_context adds and replaces",
            vec![
                bind(&[(0, 3), (1, 4)]),
                ack(&[0, 0]),
                (true, propose(Little, 14, &[(1, 5), (2, 6)])),
                (false, answer(15, b"", &[0, 0])),
                asks(1, (0, 1), b""),
                asks(2, (1, 1), b""),
                asks(3, (2, 1), b""),
                asks(4, (3, 1), b""),
            ],
            &[
                ("v3 op 1 first Little", ""),
                ("v5 op 1 first Little", ""),
                ("v6 op 1 first Little", ""),
                ("v- op 1 first Little", ""),
            ],
        ),
    ] {
        tells(name, &conversation, expected);
    }
}

#[test]
fn calls() {
    for (name, conversation, expected) in [
        (
            "an object stands in front of the stub",
            vec![(true, request((WHOLE | OBJECT, 1), (0, 7), b"ask"))],
            &[("v- op 7 first Little", "ask")][..],
        ),
        (
            "answers find their request by its call",
            vec![
                asks(5, (0, 1), b"a"),
                asks(6, (0, 2), b"b"),
                answers(6, 0, b"c"),
                answers(5, 0, b"d"),
                answers(5, 0, b"e"),
            ],
            &[
                ("v- op 1 first Little", "a"),
                ("v- op 2 first Little", "b"),
                ("v- op 2 first Little", "c"),
                ("v- op 1 first Little", "d"),
                ("v- op - first Little", "e"),
            ],
        ),
        (
            "a fault ends a call",
            vec![
                asks(5, (0, 1), b"a"),
                (false, pdu(Little, (3, WHOLE, 5), &[0; 16], 0)),
                answers(5, 0, b"b"),
            ],
            &[("v- op 1 first Little", "a"), ("v- op - first Little", "b")],
        ),
    ] {
        tells(name, &conversation, expected);
    }
}

#[test]
fn pdus_in_a_row_are_messages_of_their_own() {
    let sent = [
        propose(Little, 11, &[(0, 3)]),
        request((WHOLE, 1), (0, 7), b"first"),
        request((WHOLE, 2), (0, 8), b"second"),
    ];
    let blocks = [(true, sent.concat())];
    let (seen, _) = same_at_every_cut(&new, &blocks, &[], &Config::default());
    let payloads: Vec<&[u8]> = seen.iter().map(|unit| &unit.payload[..]).collect();
    assert_eq!(payloads, [&sent[0][..], &sent[1], &sent[2]]);
    assert_eq!(told(&seen).len(), 2);
}

fn part(flags: u8, call: u32, stub: &[u8]) -> (bool, Vec<u8>) {
    (true, request((flags, call), (0, 7), stub))
}

/// The last of some fragments is judged as part of the whole, the others also by themselves.
#[test]
fn fragments() {
    for (name, conversation, expected) in [
        (
            "of a request",
            vec![
                bind(&[(0, 3)]),
                part(FIRST, 1, b"one "),
                part(0, 1, b"two "),
                part(LAST, 1, b"three"),
            ],
            &[
                ("v3 op 7 first Little", "one "),
                ("v3 op 7 later Little", "two "),
                ("v3 op 7 first Little", "one two three"),
            ][..],
        ),
        (
            "of a response",
            vec![
                part(WHOLE, 1, b"ask"),
                (false, response((FIRST, 1), 0, b"one ")),
                (false, response((LAST, 1), 0, b"two")),
            ],
            &[
                ("v- op 7 first Little", "ask"),
                ("v- op 7 first Little", "one "),
                ("v- op 7 first Little", "one two"),
            ],
        ),
        (
            "of two calls at once",
            vec![
                part(FIRST, 1, b"a1 "),
                part(FIRST, 2, b"b1 "),
                part(LAST, 1, b"a2"),
                part(LAST, 2, b"b2"),
            ],
            &[
                ("v- op 7 first Little", "a1 "),
                ("v- op 7 first Little", "b1 "),
                ("v- op 7 first Little", "a1 a2"),
                ("v- op 7 first Little", "b1 b2"),
            ],
        ),
        (
            "with an object",
            vec![
                (true, request((FIRST | OBJECT, 1), (0, 7), b"one ")),
                (true, request((LAST | OBJECT, 1), (0, 7), b"two")),
            ],
            &[
                ("v- op 7 first Little", "one "),
                ("v- op 7 first Little", "one two"),
            ],
        ),
        (
            "whose first was not seen",
            vec![part(0, 1, b"two "), part(LAST, 1, b"three")],
            &[
                ("v- op 7 later Little", "two "),
                ("v- op 7 later Little", "three"),
            ],
        ),
        (
            "begun anew",
            vec![
                part(FIRST, 1, b"old "),
                part(FIRST, 1, b"one "),
                part(LAST, 1, b"two"),
            ],
            &[
                ("v- op 7 first Little", "old "),
                ("v- op 7 first Little", "one "),
                ("v- op 7 first Little", "one two"),
            ],
        ),
    ] {
        tells(name, &conversation, expected);
    }
}

/// The whole has the header of the first fragment.
#[test]
fn what_fragments_come_to_is_a_pdu() {
    let first = request((FIRST, 1), (0, 7), b"one ");
    let last = request((LAST, 1), (0, 7), b"two");
    let blocks = [(true, [&first[..], &last].concat())];
    let (seen, _) = same_at_every_cut(&new, &blocks, &[], &Config::default());
    let whole = [&first[..], b"two"].concat();
    let payloads: Vec<&[u8]> = seen.iter().map(|unit| &unit.payload[..]).collect();
    assert_eq!(payloads, [&first[..], &whole]);
}

/// Authentication and its padding are no part of the stub.
#[test]
fn the_stub_ends_before_authentication() {
    let with = |tail: &[u8], auth_length| {
        let body = [&[0; 4][..], &[0, 0, 7, 0], b"ask", tail].concat();
        vec![(true, pdu(Little, (0, WHOLE, 1), &body, auth_length))]
    };
    for (tail, auth_length, stub) in [
        (&b""[..], 0, "ask"),
        (b"\x0A\x06\0\0\x01\0\0\0CRED", 4, "ask"),
        (b"pp\x0A\x06\x02\0\x01\0\0\0CRED", 4, "ask"),
        // More padding than there is.
        (b"\x0A\x06\xFF\0\x01\0\0\0CRED", 4, ""),
        // Longer than the PDU.
        (b"x", 200, "askx"),
    ] {
        let expected = [("v- op 7 first Little", stub)];
        tells(&format!("{tail:?}"), &with(tail, auth_length), &expected);
    }
}

#[test]
fn what_is_no_pdu_is_a_plain_stream() {
    let bound = propose(Little, 11, &[(0, 3)]);
    for (bytes, reason) in [
        (&b"GET / HTTP/1.1\r\nHost: a\r\n"[..], "dce_version"),
        (
            b"\x05\x02\0\x03\x10\0\0\0\x18\0\0\0\x01\0\0\0",
            "dce_version",
        ),
        (b"\x05\0\x14\x03\x10\0\0\0\x18\0\0\0\x01\0\0\0", "dce_type"),
        (b"\x05\0\0\x03\x10\0\0\0\x0F\0\0\0\x01\0\0\0", "dce_length"),
        // Its length is that of the other byte order.
        (b"\x05\0\0\x03\0\0\0\0\0\x0F\0\0\0\0\0\x01", "dce_length"),
    ] {
        for front in [&b""[..], &bound] {
            let blocks = [
                (false, b"\x05\0half".to_vec()),
                (true, [front, bytes, b"more"].concat()),
            ];
            let (seen, verdict) = same_at_every_cut(&new, &blocks, &[], &Config::default());
            assert_eq!(verdict, Verdict::Abandon(reason), "{bytes:?}");
            let shown: usize = seen.iter().map(|unit| unit.payload.len()).sum();
            assert_eq!(shown, front.len() + bytes.len() + 10, "{bytes:?}");
        }
    }
}

#[test]
fn what_is_half_read_at_the_end_is_shown() {
    let whole = request((WHOLE, 1), (0, 7), b"ask");
    let blocks = [(true, whole[..whole.len() - 1].to_vec())];
    let (seen, verdict) = same_at_every_cut(&new, &blocks, &[], &Config::default());
    assert_eq!(verdict, Verdict::Continue);
    assert_eq!(joined(&seen).len(), 1);
    assert_eq!(seen[0].payload, whole[..whole.len() - 1]);
    assert_eq!(seen[0].dce, None);
}

#[test]
fn gaps() {
    let config = Config::default();
    let (one, two) = (
        request((WHOLE, 1), (0, 7), b"0123456789"),
        request((WHOLE, 2), (0, 8), b"next"),
    );
    // Bytes in front of the gap, how many it takes, and whether what follows is found.
    for (before, lost, verdict) in [
        (20, 4, Verdict::Continue),
        (20, one.len() - 20, Verdict::Continue),
        (20, one.len() - 19, Verdict::Abandon("dce_gap_in_framing")),
        (10, 4, Verdict::Abandon("dce_gap_in_framing")),
        (0, 1, Verdict::Abandon("dce_gap_in_framing")),
    ] {
        let mut dce = Dce::default();
        let mut shown = 0;
        let mut operations = Vec::new();
        let mut emit = |pdu: &Pdu<'_>| {
            shown += pdu.payload.len();
            operations.extend(pdu.buffers.dce().and_then(|facts| facts.opnum));
        };
        let feed = |data| Feed {
            to_server: true,
            data,
            config: &config,
        };
        dce.feed(&feed(&one[..before]), &mut emit);
        let gap = dce.gap(true, lost as u64, &config, &mut emit);
        assert_eq!(gap, verdict, "{lost} behind {before}");
        if gap == Verdict::Continue {
            let rest = [&one[before + lost..], &two].concat();
            assert_eq!(dce.feed(&feed(&rest), &mut emit), Verdict::Continue);
            assert_eq!(shown, one.len() - lost + two.len());
            assert_eq!(operations, [8]);
        } else {
            assert_eq!(shown, before);
        }
    }
}

#[test]
fn uuids() {
    let text = "4b324fc8-1670-01d3-1278-5a47bf6ee188";
    assert!(Uuid::parse(text).is_some());
    assert_eq!(Uuid::parse(text), Uuid::parse(&text.to_uppercase()));
    for text in [
        "",
        "4b324fc8",
        "4b324fc8-1670-01d3-1278",
        "4b324fc8-1670-01d3-1278-5a47bf6ee188-",
        "4b324fc8-1670-01d3-12785-a47bf6ee188",
        "4b324fc8-1670-01d3-1278-5a47bf6ee18g",
        "4b324fc8-1670-01d3-1278-5a47bf6ee18ä",
        "{b324fc8-1670-01d3-1278-5a47bf6ee188",
    ] {
        assert_eq!(Uuid::parse(text), None, "{text}");
    }
    let interface = |order| {
        let bytes = testing::syntax(order, 9);
        let fields = Fields {
            bytes: &bytes,
            order,
        };
        Interface::read(fields, 0)
    };
    let uuid = Uuid::parse("00000001-0002-0003-0405-060708090a09").unwrap();
    let expected = Some(Interface { uuid, version: 9 });
    assert_eq!(interface(Little), expected);
    assert_eq!(interface(Big), expected);
}
