use super::*;
use crate::{
    buffers::{BufferId, BufferSource},
    service_inspectors::testing::{run, same_at_every_cut, whole},
};

const INVITE: &[u8] = b"INVITE sip:bob@b.example SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n\
                        Content-Length: 5\r\n\r\nv=0\r\n";
const RINGING: &[u8] = b"SIP/2.0 180 Ringing\r\nl: 0\r\n\r\n";

#[test]
fn messages() {
    let header_of_invite = &INVITE[..INVITE.len() - 5];
    for (bytes, start, header, body) in [
        (
            INVITE,
            SipStart::Request(b"INVITE"),
            header_of_invite,
            Some(&b"v=0\r\n"[..]),
        ),
        (RINGING, SipStart::Response(180), RINGING, None),
        (
            b"SIP/2.0 404\nTo: a\n\nx",
            SipStart::Response(404),
            b"SIP/2.0 404\nTo: a\n\n",
            Some(b"x"),
        ),
        (
            b"OPTIONS tel:1 SIP/2.0\r\nVia: cut",
            SipStart::Request(b"OPTIONS"),
            b"OPTIONS tel:1 SIP/2.0\r\nVia: cut",
            None,
        ),
    ] {
        let message = SipMessage::of(bytes).unwrap();
        assert_eq!(message.start(), start);
        assert_eq!(message.buffer(&whole(BufferId::SipHeader)), Some(header));
        assert_eq!(message.buffer(&whole(BufferId::SipBody)), body);
        assert_eq!(message.buffer(&whole(BufferId::HttpHeader)), None);
    }
    for bytes in [
        &b""[..],
        b"INVITE",
        b"INVITE sip:bob HTTP/1.1\r\n\r\n",
        b"IN(VITE sip:bob SIP/2.0\r\n\r\n",
        b" sip:bob SIP/2.0\r\n\r\n",
        b"SIP/2.0 1x0 Ringing\r\n\r\n",
        b"SIP/2.0 18",
        b"SIP/2.0 1800\r\n",
        b"SIP/3.0 200 OK\r\n\r\n",
    ] {
        assert!(SipMessage::of(bytes).is_none(), "{bytes:?}");
    }
}

#[test]
fn lengths() {
    for (header, expected) in [
        ("Content-Length: 12", Some(12)),
        ("content-length :12 ", Some(12)),
        ("L:0", Some(0)),
        ("Content-Length: many", None),
        ("Content-Length: -1", None),
        ("Max-Forwards: 70", None),
    ] {
        let text = format!("BYE sip:a SIP/2.0\r\nTo: x\r\n{header}\r\n\r\n");
        let message = SipMessage::of(text.as_bytes()).unwrap();
        assert_eq!(message.content_length(), expected, "{header}");
    }
}

#[test]
fn a_stream_is_cut_into_its_messages() {
    let config = Config::default();
    let new = || -> Box<dyn ServiceInspector> { Box::new(Sip::default()) };
    let blocks = [
        (true, [b"\r\n\r\n", INVITE, b"\r\n", INVITE].concat()),
        (false, [RINGING, RINGING, b"\r\n"].concat()),
    ];
    let (seen, verdict) = same_at_every_cut(&new, &blocks, &[], &config);
    let payloads: Vec<&[u8]> = seen.iter().map(|unit| &unit.payload[..]).collect();
    assert_eq!(payloads, [INVITE, INVITE, RINGING, RINGING]);
    assert_eq!(verdict, Verdict::Continue);
}

#[test]
fn what_is_no_message_is_a_plain_stream() {
    let config = Config::default();
    for (bytes, reason) in [
        (&b"HELLO\r\n\r\nmore"[..], "sip_start_line"),
        (&[b'x'; 16_384], "sip_header_length"),
    ] {
        let mut sip = Sip::default();
        let blocks = [(true, bytes.to_vec())];
        let (seen, verdict) = run(&mut sip, &blocks, usize::MAX, &[], &config);
        assert_eq!(verdict, Verdict::Abandon(reason));
        let shown: Vec<u8> = seen.into_iter().flat_map(|unit| unit.payload).collect();
        assert_eq!(shown, bytes);
    }
}

/// Of a long body the beginning is the message's, the rest plain.
#[test]
fn little_is_held_of_a_long_body() {
    let config = Config {
        flush_size: 128,
        ..Config::default()
    };
    let head = b"MESSAGE sip:a SIP/2.0\r\nContent-Length: 1000\r\n\r\n";
    let blocks = [(true, [&head[..], &[b'x'; 1000], RINGING].concat())];
    let mut sip = Sip::default();
    let (seen, verdict) = run(&mut sip, &blocks, 60, &[], &config);
    assert_eq!(verdict, Verdict::Continue);
    let lengths: Vec<usize> = seen.iter().map(|unit| unit.payload.len()).collect();
    assert_eq!(lengths.first(), Some(&128));
    assert_eq!(lengths.last(), Some(&RINGING.len()));
    assert_eq!(
        lengths.iter().sum::<usize>(),
        head.len() + 1000 + RINGING.len()
    );
    assert!(sip.memory() < 1024);
}

#[test]
fn gaps() {
    let config = Config::default();
    let mut shown = Vec::new();
    let mut emit = |pdu: &Pdu<'_>| shown.push(pdu.payload.len());
    let mut feed = |sip: &mut Sip, data: &[u8]| {
        let feed = Feed {
            to_server: true,
            data,
            config: &config,
        };
        sip.feed(&feed, &mut emit)
    };
    // In a body: the next message is found.
    let mut sip = Sip::default();
    let (before, after) = INVITE.split_at(INVITE.len() - 4);
    feed(&mut sip, before);
    assert_eq!(sip.gap(true, 3, &config, &mut |_| {}), Verdict::Continue);
    assert_eq!(feed(&mut sip, &after[3..]), Verdict::Continue);
    assert_eq!(feed(&mut sip, RINGING), Verdict::Continue);
    // In a header, and beyond a body: nobody knows where the next begins.
    for given in [&INVITE[..20], before] {
        let mut sip = Sip::default();
        feed(&mut sip, given);
        assert_eq!(
            sip.gap(true, 50, &config, &mut |_| {}),
            Verdict::Abandon("sip_gap_in_framing")
        );
    }
    assert_eq!(shown, [1, RINGING.len()]);
}
