//! Fragments, options, extension headers, tunnels, frames cut short.

use dpi_snort::Config;

use super::{common::orders, frames::ipv4, outcome, outcome_with};

const UDP: &str = r#"alert udp any any -> any any (content:"signature"; sid:1;)"#;

/// UDP 1000 → 2000 with a payload.
fn udp(payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(8 + payload.len()).unwrap();
    let mut datagram = vec![3, 232, 7, 208];
    datagram.extend(len.to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    datagram
}

/// The datagram in fragments of `units` times eight bytes.
fn fragments(host: u32, id: u16, datagram: &[u8], units: usize) -> Vec<Vec<u8>> {
    let pieces: Vec<&[u8]> = datagram.chunks(units * 8).collect();
    let count = pieces.len();
    let numbered = pieces.into_iter().enumerate();
    numbered
        .map(|(n, piece)| {
            let place = u16::try_from(n * units).unwrap();
            let more = if n + 1 < count { 0x2000 } else { 0 };
            ipv4(host, 17, id, place | more, piece)
        })
        .collect()
}

#[test]
fn a_signature_split_over_fragments_in_any_order() {
    // Eight bytes of header, then the signature over two fragments of eight bytes.
    for padding in [0, 8, 16, 24] {
        let payload = [&vec![b'.'; padding + 4][..], b"signature", &[b'.'; 3]].concat();
        let pieces = fragments(1, 1, &udp(&payload), 1);
        assert!((3..=6).contains(&pieces.len()));
        for order in orders(&pieces[..pieces.len().min(5)]) {
            let frames = [&order[..], &pieces[pieces.len().min(5)..]].concat();
            assert_eq!(outcome(UDP, &frames).found(), 1, "{padding}");
        }
    }
}

#[test]
fn an_identification_used_again() {
    let mine = fragments(1, 7, &udp(b"....signature..."), 1);
    let other = fragments(2, 7, &udp(b"....harmless....."), 1);
    // Interleaved with another sender's, then again back to back.
    let mut frames: Vec<_> = mine
        .iter()
        .zip(&other)
        .flat_map(|(a, b)| [a.clone(), b.clone()])
        .collect();
    frames.extend(mine.clone());
    frames.extend(mine);
    assert_eq!(outcome(UDP, &frames).found(), 3);
}

#[test]
fn a_hole_at_the_end_of_a_datagram() {
    let mut frames = fragments(1, 1, &udp(&[b'x'; 40]), 1);
    frames.remove(frames.len() - 2);
    let outcome = outcome(UDP, &frames);
    assert_eq!(outcome.count("fragments.rebuilt"), 0);
}

#[test]
fn a_datagram_longer_than_a_datagram_can_be() {
    let ping_of_death = ipv4(1, 1, 1, 0x1fff, &[0; 1480]);
    let outcome = outcome(UDP, &[ping_of_death]);
    assert_eq!(outcome.count("fragments.malformed"), 1);
}

#[test]
fn tcp_headers_split_over_fragments() {
    let rule = r#"alert tcp any any -> any 80 (content:"signature"; sid:1;)"#;
    let segments = super::tcp::conversation(&[(true, b"a signature here")]);
    let frames: Vec<Vec<u8>> = segments
        .iter()
        .flat_map(|segment| {
            let frame = segment.frame(80);
            let tcp = frame[34..].to_vec();
            let mut pieces = Vec::new();
            for (n, piece) in tcp.chunks(8).enumerate() {
                let more = if (n + 1) * 8 < tcp.len() { 0x20 } else { 0 };
                let mut out = frame[..34].to_vec();
                let total = u16::try_from(20 + piece.len()).unwrap();
                out[16..18].copy_from_slice(&total.to_be_bytes());
                let id = u16::try_from(segment.seq & 0xffff).unwrap() ^ u16::from(segment.flags);
                out[18..20].copy_from_slice(&id.to_be_bytes());
                out[20..22].copy_from_slice(&[more, u8::try_from(n).unwrap()]);
                out.extend(piece);
                pieces.push(out);
            }
            pieces
        })
        .collect();
    assert_eq!(outcome(rule, &frames).found(), 1);
}

#[test]
fn ip_options_of_every_kind_and_length() {
    for kind in 0..=255 {
        for words in [1, 2, 10] {
            for length in [0, 1, 2, 3, 4, 8, 40, 255] {
                let mut options = vec![0; words * 4];
                options[..2].copy_from_slice(&[kind, length]);
                let mut frame = ipv4(1, 17, 1, 0, &[&options, &udp(b"signature")[..]].concat());
                frame[14] = 0x40 | u8::try_from(5 + words).unwrap();
                assert_eq!(outcome(UDP, &[frame]).found(), 1, "{kind} {words} {length}");
            }
        }
    }
}

/// Ethernet and IPv6 with a chain of headers: each is its kind, and they end with UDP.
fn ipv6(chain: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut rest = Vec::new();
    for at in 0..chain.len() {
        let next = chain.get(at + 1).copied().unwrap_or(17);
        rest.extend([next, 0, 0, 0, 0, 0, 0, 0]);
    }
    rest.extend(udp(payload));
    let mut frame = vec![0; 12];
    frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
    frame.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
    frame.extend([chain.first().copied().unwrap_or(17), 64]);
    for end in [1, 2] {
        frame.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, end]);
    }
    frame.extend(rest);
    frame
}

#[test]
fn a_chain_of_ipv6_extension_headers() {
    // Deeper than followed, the bytes are still searched, as of no protocol that is known.
    let rules = r#"
        alert udp any any -> any any (content:"signature"; sid:1;)
        alert ip any any -> any any (content:"signature"; sid:2;)
    "#;
    let limit = Config::default().max_ipv6_extensions;
    for count in 0..=64 {
        // Hop-by-hop first, destination options and routing behind it.
        let kinds = [0, 60, 43].into_iter().chain(std::iter::repeat(60));
        let chain: Vec<u8> = kinds.take(count).collect();
        let result = outcome(rules, &[ipv6(&chain, b"signature")]);
        assert_eq!(result.found(), usize::from(count <= limit), "{count}");
        assert!(result.alerts.contains_key(&2), "{count}");
    }
}

#[test]
fn an_atomic_fragment_and_no_next_header() {
    assert_eq!(outcome(UDP, &[ipv6(&[44], b"signature")]).found(), 1);
    let mut none = ipv6(&[], b"signature");
    none[20] = 59;
    let ip = r#"alert ip any any -> any any (content:"signature"; sid:1;)"#;
    assert_eq!(outcome(ip, &[none]).found(), 1);
}

#[test]
fn a_wrong_checksum_as_a_decoy() {
    let mut frame = ipv4(1, 17, 1, 0, &udp(b"signature"));
    // UDP without a checksum is right; this one is not.
    frame[40..42].copy_from_slice(&[0xde, 0xad]);
    let with = |verify_checksums| Config {
        verify_checksums,
        ..Config::default()
    };
    // The frames of this test say that the kernel has not computed the checksum yet.
    let of_offload = outcome_with(UDP, &[frame], with(true));
    assert_eq!(of_offload.found(), 1);
}

#[test]
fn frames_cut_at_every_byte() {
    for whole in [
        ipv4(1, 17, 1, 0, &udp(b"signature")),
        ipv6(&[0, 60, 44], b"signature"),
        super::tcp::conversation(&[(true, b"signature")])[3].frame(80),
    ] {
        for len in 0..whole.len() {
            outcome(UDP, &[whole[..len].to_vec()]);
        }
    }
}
