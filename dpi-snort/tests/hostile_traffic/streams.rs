//! Segments: many, tiny, in reverse, one-sided, of connections used again.

use super::{
    outcome,
    tcp::{ACK, CLIENT_ISN, FIN, SERVER_ISN, SYN, Segment, conversation},
};

const RULE: &str = r#"alert tcp any any -> any any (content:"signature"; sid:1;)"#;
/// Not found in a single segment.
const STREAM: &str =
    r#"alert tcp any any -> any any (content:"signature"; flow:only_stream; sid:1;)"#;

fn frames(segments: &[Segment]) -> Vec<Vec<u8>> {
    segments.iter().map(|segment| segment.frame(7777)).collect()
}

fn client(at: usize, payload: &[u8]) -> Segment {
    Segment {
        from_client: true,
        seq: CLIENT_ISN + 1 + u32::try_from(at).unwrap(),
        ack: SERVER_ISN + 1,
        flags: ACK,
        payload: payload.to_vec(),
    }
}

/// Bytes with a signature in the middle.
fn bytes(len: usize) -> Vec<u8> {
    let mut bytes = vec![b'x'; len];
    bytes[len / 2..len / 2 + 9].copy_from_slice(b"signature");
    bytes
}

#[test]
fn single_bytes_in_reverse() {
    let mut segments = conversation(&[])[..3].to_vec();
    let bytes = bytes(1 << 13);
    let each = bytes.iter().enumerate().rev();
    segments.extend(each.map(|(at, byte)| client(at, &[*byte])));
    assert_eq!(outcome(STREAM, &frames(&segments)).found(), 1);
}

#[test]
fn more_single_bytes_than_a_flow_may_hold() {
    let mut segments = conversation(&[])[..3].to_vec();
    // Each apart from the next, so that none is joined to another.
    segments.extend((1..40_000).map(|at| client(at * 2, b"x")));
    let outcome = outcome(RULE, &frames(&segments));
    assert!(outcome.count("tcp.reassembly_memory_per_flow") > 0);
}

#[test]
fn a_split_handshake() {
    // The server answers the SYN by an ACK and a SYN of its own (four ways), or by the SYN
    // alone (five); then the client sends.
    let [syn, syn_ack, ack] = &conversation(&[])[..3] else {
        unreachable!("a handshake has three segments");
    };
    let plain_syn = Segment {
        flags: SYN,
        ack: 0,
        ..syn_ack.clone()
    };
    let server_ack = Segment {
        flags: ACK,
        seq: SERVER_ISN,
        ack: CLIENT_ISN + 1,
        ..syn_ack.clone()
    };
    let client_syn_ack = Segment {
        flags: SYN | ACK,
        ack: SERVER_ISN + 1,
        ..syn.clone()
    };
    let attack = [client(0, b"a sign"), client(6, b"ature")];
    for opening in [
        vec![
            syn.clone(),
            server_ack.clone(),
            plain_syn.clone(),
            ack.clone(),
        ],
        vec![syn.clone(), plain_syn, client_syn_ack, server_ack],
    ] {
        let all = [&opening[..], &attack].concat();
        assert_eq!(outcome(STREAM, &frames(&all)).found(), 1, "{opening:?}");
    }
}

#[test]
fn data_on_the_syn() {
    let mut segments = conversation(&[]);
    segments[0].payload = b"a sign".to_vec();
    segments[1].ack += 6;
    segments.truncate(3);
    segments[2].seq += 6;
    segments.push(client(6, b"ature"));
    assert_eq!(outcome(STREAM, &frames(&segments)).found(), 1);
}

#[test]
fn a_connection_used_again_a_hundred_times() {
    let mut all = Vec::new();
    for n in 0..100_u32 {
        let mut segments = conversation(&[(true, b"a sign"), (true, b"ature")]);
        for segment in &mut segments {
            let shift = n.wrapping_mul(0x0123_4567);
            segment.seq = segment.seq.wrapping_add(shift);
            if segment.flags & ACK != 0 {
                segment.ack = segment.ack.wrapping_add(shift);
            }
        }
        all.extend(segments);
    }
    let outcome = outcome(STREAM, &frames(&all));
    assert_eq!(outcome.found(), 100);
    assert_eq!(outcome.count("flows.created"), 100);
}

#[test]
fn a_fin_that_is_not_in_order_ends_nothing() {
    let mut segments = conversation(&[])[..3].to_vec();
    let fake = Segment {
        flags: FIN | ACK,
        ..client(1000, b"")
    };
    segments.extend([client(0, b"a sign"), fake, client(6, b"ature")]);
    assert_eq!(outcome(STREAM, &frames(&segments)).found(), 1);
}

#[test]
fn one_side_alone() {
    let segments = conversation(&[(true, b"a sign"), (true, b"ature"), (false, b"ok")]);
    for from_client in [true, false] {
        let rule = if from_client {
            STREAM
        } else {
            r#"alert tcp any any -> any any (content:"ok"; flow:only_stream; sid:1;)"#
        };
        let mut side = segments.clone();
        side.retain(|segment| segment.from_client == from_client);
        assert_eq!(outcome(rule, &frames(&side)).found(), 1, "{from_client}");
    }
}

#[test]
fn an_attack_far_into_a_stream() {
    for at in [900_000, 1_100_000, 10_000_000] {
        let mut stream = vec![b'x'; at];
        stream.extend(b"signature");
        let chunks = stream.chunks(60_000).enumerate();
        let mut segments = conversation(&[])[..3].to_vec();
        for (n, chunk) in chunks {
            segments.push(client(n * 60_000, chunk));
            segments.push(Segment {
                from_client: false,
                seq: SERVER_ISN + 1,
                ack: CLIENT_ISN + 1 + u32::try_from(n * 60_000 + chunk.len()).unwrap(),
                flags: ACK,
                payload: Vec::new(),
            });
        }
        assert_eq!(outcome(STREAM, &frames(&segments)).found(), 1, "{at}");
    }
}
