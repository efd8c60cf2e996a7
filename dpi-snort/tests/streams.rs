//! TCP streams through the whole engine: cuts, order, repetition and gaps must not change
//! what is found.

#[path = "common/mod.rs"]
mod common;
#[path = "common/tcp.rs"]
mod tcp;

use common::orders;
use dpi_snort::{Config, Counter};
use proptest::prelude::*;
use tcp::{ACK, CLIENT_ISN, RST, SERVER_ISN, SYN, Segment, conversation, engine, run, sids};

const RULES: &str = r#"
    alert tcp any any -> any any (content:"needle"; flow:to_server,established; sid:1;)
    alert tcp any any -> any any (content:"answer"; flow:to_client,established; sid:2;)
    alert tcp any any -> any any (content:"needle"; flow:only_stream; sid:3;)
    alert tcp any any -> any any (content:"first"; content:"second",distance 0; sid:4;)
    alert tcp any any -> any any (content:"absent"; sid:5;)
    alert tcp any any -> any any (flags:S; sid:6;)
"#;
const REQUEST: &[u8] = b"xx first needle second yy";
const ANSWER: &[u8] = b"the answer is 42";
const ALL: [u32; 5] = [1, 2, 3, 4, 6];

#[test]
fn a_conversation_alerts() {
    let segments = conversation(&[(true, REQUEST), (false, ANSWER)]);
    assert_eq!(sids(RULES, &segments, 7777), ALL);
}

#[test]
fn a_rule_on_head_and_body_is_found_by_its_content_in_the_body() {
    let request = b"POST /pathtoken HTTP/1.1\r\nContent-Length: 5\r\n\r\nb%6fy";
    let segments = conversation(&[(true, request), (false, ANSWER)]);
    for (options, expected) in [
        (
            r#"http_uri; content:"pathtoken"; http_client_body; content:"boy""#,
            true,
        ),
        (
            r#"http_uri; content:"pathtoken",fast_pattern; http_client_body; content:"boy""#,
            true,
        ),
        (
            r#"http_uri; content:"pathtoken"; http_raw_body; content:"b%6fy""#,
            true,
        ),
        (
            r#"http_uri; content:"pathtoken"; http_raw_body; content:"boy""#,
            false,
        ),
        (
            r#"http_uri; content:"other"; http_client_body; content:"boy""#,
            false,
        ),
    ] {
        let rule = format!("alert http ({options}; sid:1;)");
        assert_eq!(sids(&rule, &segments, 7777) == [1], expected, "{options}");
    }
}

#[test]
fn every_cut_finds_the_same() {
    for cut in 1..REQUEST.len() {
        let (a, b) = REQUEST.split_at(cut);
        let segments = conversation(&[(true, a), (true, b), (false, ANSWER)]);
        assert_eq!(sids(RULES, &segments, 7777), ALL, "cut at {cut}");
    }
}

#[test]
fn single_bytes_find_the_same() {
    let pieces: Vec<(bool, &[u8])> = REQUEST
        .chunks(1)
        .map(|byte| (true, byte))
        .chain(ANSWER.chunks(1).map(|byte| (false, byte)))
        .collect();
    assert_eq!(sids(RULES, &conversation(&pieces), 7777), ALL);
}

/// Data segments of a request in five pieces, with handshake before and answer behind.
fn five_pieces(order: &[usize]) -> Vec<Segment> {
    let pieces: Vec<&[u8]> = REQUEST.chunks(5).collect();
    let mut segments = conversation(&[]);
    let end = segments.split_off(3);
    let seq = CLIENT_ISN + 1;
    for index in order {
        segments.push(Segment {
            from_client: true,
            seq: seq + u32::try_from(index * 5).unwrap(),
            ack: SERVER_ISN + 1,
            flags: ACK,
            payload: pieces[*index].to_vec(),
        });
    }
    let sent = u32::try_from(REQUEST.len()).unwrap();
    segments.push(Segment {
        from_client: false,
        seq: SERVER_ISN + 1,
        ack: seq + sent,
        flags: ACK,
        payload: ANSWER.to_vec(),
    });
    let answered = u32::try_from(ANSWER.len()).unwrap();
    segments.extend(end.into_iter().map(|mut segment| {
        let (own, other) = if segment.from_client {
            (sent, answered)
        } else {
            (answered, sent)
        };
        segment.seq += own;
        segment.ack += other;
        segment
    }));
    segments
}

#[test]
fn every_order_finds_the_same() {
    for order in orders(&[0, 1, 2, 3, 4]) {
        assert_eq!(sids(RULES, &five_pieces(&order), 7777), ALL, "{order:?}");
    }
}

#[test]
fn repetitions_change_nothing() {
    for twice in 0..5 {
        let order = [0, 1, 2, 3, 4, twice];
        assert_eq!(
            sids(RULES, &five_pieces(&order), 7777),
            ALL,
            "{twice} twice"
        );
    }
}

#[test]
fn sequence_numbers_wrap() {
    let mut segments = conversation(&[
        (true, &REQUEST[..10]),
        (true, &REQUEST[10..]),
        (false, ANSWER),
    ]);
    let shift = 0_u32.wrapping_sub(CLIENT_ISN + 5);
    for segment in &mut segments {
        if segment.from_client {
            segment.seq = segment.seq.wrapping_add(shift);
        } else {
            segment.ack = segment.ack.wrapping_add(shift);
        }
    }
    assert_eq!(sids(RULES, &segments, 7777), ALL);
}

#[test]
fn mid_stream_is_picked_up() {
    let segments = conversation(&[
        (true, &REQUEST[..10]),
        (true, &REQUEST[10..]),
        (false, ANSWER),
    ]);
    assert_eq!(sids(RULES, &segments[3..], 7777), [1, 2, 3, 4]);
}

#[test]
fn a_content_does_not_reach_over_a_gap() {
    let segments = five_pieces(&[0, 1, 3, 4]);
    let found = sids(RULES, &segments, 7777);
    assert!(!found.contains(&1), "{found:?}");
    assert!(found.contains(&2), "{found:?}");
}

/// A receiver refuses a segment that acknowledges what it has never sent (RFC 5961 §5.2); if it
/// did send it, and it was not seen here, it will acknowledge the segment in turn.
#[test]
fn bytes_that_the_receiver_should_refuse_wait_for_its_acknowledgement() {
    let segment = |from_client, at: u32, ack: u32, payload: &str| Segment {
        from_client,
        seq: (if from_client { CLIENT_ISN } else { SERVER_ISN }) + 1 + at,
        ack: (if from_client { SERVER_ISN } else { CLIENT_ISN }) + 1 + ack,
        flags: ACK,
        payload: payload.as_bytes().to_vec(),
    };
    let handshake = &conversation(&[])[..3];
    let end = &[segment(false, 0, 6, "")][..];
    let far = 5000;
    for (what, segments, is_found) in [
        (
            "refused, and sent again with other bytes",
            vec![
                segment(true, 0, far, "nee"),
                segment(true, 0, 0, "xxx"),
                segment(false, 0, 3, ""),
                segment(true, 3, 0, "dle"),
            ],
            false,
        ),
        (
            "acknowledged",
            vec![
                segment(true, 0, far, "nee"),
                segment(false, 0, 3, ""),
                segment(true, 3, 0, "dle"),
            ],
            true,
        ),
        (
            "an answer was not seen, and the client goes on",
            vec![
                segment(true, 0, 0, "n"),
                segment(false, 0, 1, ""),
                segment(true, 1, 7, "ee"),
                segment(false, 7, 3, "answer"),
                segment(true, 3, 13, "dle"),
            ],
            true,
        ),
        (
            "the end, without an acknowledgement",
            vec![segment(true, 0, far, "nee"), segment(true, 3, far, "dle")],
            true,
        ),
    ] {
        let all = [handshake, &segments, end].concat();
        let found = sids(RULES, &all, 7777).contains(&1);
        assert_eq!(found, is_found, "{what}");
    }
}

#[test]
fn a_raw_match_is_not_told_again_on_the_plain_stream() {
    let segments = conversation(&[(true, REQUEST), (false, ANSWER)]);
    let frames: Vec<Vec<u8>> = segments.iter().map(|segment| segment.frame(7777)).collect();
    let alerts = run(&mut engine(RULES, Config::default()), &frames);
    let of = |sid| alerts.0.iter().filter(|(found, _)| *found == sid).count();
    assert_eq!((of(1), of(2), of(3)), (1, 1, 1), "{alerts:?}");
}

#[test]
fn http_is_found_on_any_port() {
    let rules = r#"
        alert http (msg:"uri"; http_uri; content:"/etc/passwd"; sid:1;)
        alert http (msg:"method"; http_method; content:"POST"; sid:2;)
        alert http (msg:"body"; http_client_body; content:"needle"; sid:3;)
        alert http (msg:"status"; http_stat_code; content:"200"; sid:4;)
        alert http (msg:"file"; file_data; content:"answer"; sid:5;)
        alert http (msg:"header"; http_header:field user-agent; content:"sqlmap"; sid:6;)
    "#;
    let request = b"POST /a/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nUser-Agent: sqlmap/1\r\n\
                    Content-Length: 6\r\n\r\nneedle";
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer";
    for cut in 1..request.len() {
        let (a, b) = request.split_at(cut);
        let segments = conversation(&[(true, a), (true, b), (false, answer)]);
        assert_eq!(
            sids(rules, &segments, 7777),
            [1, 2, 3, 4, 5, 6],
            "cut at {cut}"
        );
    }
}

#[test]
fn every_packet_is_accounted_for() {
    let mut frames: Vec<Vec<u8>> = conversation(&[(true, REQUEST)])
        .iter()
        .map(|segment| segment.frame(80))
        .collect();
    frames.push(vec![0; 5]);
    frames.push(vec![0; 60]);
    frames.push([&[0; 12][..], &[8, 6], &[0; 28]].concat());
    let mut engine = engine(RULES, Config::default());
    run(&mut engine, &frames);
    let stats = engine.stats();
    assert_eq!(stats.get(Counter::Packets), frames.len() as u64);
    assert_eq!(
        stats.get(Counter::Packets),
        stats.get(Counter::Inspected) + stats.dropped()
    );
    assert_eq!(stats.dropped(), 3);
    assert_eq!(engine.reassembly_memory(), 0);
}

#[test]
fn the_flow_table_is_bounded() {
    let config = Config {
        max_flows: 4,
        ..Config::default()
    };
    let mut engine = engine(RULES, config);
    let frames: Vec<Vec<u8>> = (1..100)
        .map(|port| {
            Segment {
                from_client: true,
                seq: 1,
                ack: 0,
                flags: SYN,
                payload: vec![],
            }
            .frame(port)
        })
        .collect();
    run(&mut engine, &frames);
    assert_eq!(engine.stats().get(Counter::EvictedTableFull), 95);
    assert_eq!(engine.flows(), 0);
}

#[test]
fn a_reset_ends_the_stream() {
    let mut segments = conversation(&[(true, REQUEST)]);
    let at = segments.len() - 3;
    segments.truncate(at);
    let seq = CLIENT_ISN + 1 + u32::try_from(REQUEST.len()).unwrap();
    segments.push(Segment {
        from_client: true,
        seq,
        ack: 0,
        flags: RST,
        payload: vec![],
    });
    assert!(sids(RULES, &segments, 7777).contains(&3));
}

proptest! {
    #[test]
    fn any_frame_is_survived(frames in proptest::collection::vec(
        proptest::collection::vec(any::<u8>(), 0..120), 0..20)) {
        run(&mut engine(RULES, Config::default()), &frames);
    }

    #[test]
    fn damaged_conversations_are_survived(
        at in 0_usize..7, index in 0_usize..80, value in any::<u8>()) {
        let segments = conversation(&[(true, REQUEST), (false, ANSWER)]);
        let mut frames: Vec<Vec<u8>> = segments.iter().map(|segment| segment.frame(80)).collect();
        if let Some(byte) = frames.get_mut(at).and_then(|frame| frame.get_mut(index)) {
            *byte = value;
        }
        let mut engine = engine(RULES, Config::default());
        run(&mut engine, &frames);
        let stats = engine.stats();
        prop_assert_eq!(stats.get(Counter::DroppedPanic), 0);
        prop_assert_eq!(stats.get(Counter::Packets), stats.get(Counter::Inspected) + stats.dropped());
    }
}
