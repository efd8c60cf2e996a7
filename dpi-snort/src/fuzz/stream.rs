//! What the two ends of a connection send, in any order, with holes and overlaps.

use std::{sync::Arc, time::Duration};

use super::both_ways::BothWays;
use crate::{
    ChecksumState, Config, Direction, Frame, LinkType, Tag, detection::Detection, packet::TcpHeader,
};

/// Ports of the server, so that rules by port are reached.
const PORTS: [u16; 16] = [
    80, 8080, 443, 53, 21, 22, 25, 111, 389, 445, 3306, 6379, 6443, 8443, 10_250, 3333,
];
/// Segments of one input: the time for it has a bound.
const MAX_SEGMENTS: usize = 48;
/// Bits of the first byte.
const PORT: u8 = 0b1111;
const MIDSTREAM: u8 = 1 << 4;
const UDP: u8 = 1 << 5;
const LOW_LIMITS: u8 = 1 << 6;
const CLIENT: [u8; 4] = [10, 0, 0, 1];
const SERVER: [u8; 4] = [10, 0, 0, 2];
const CLIENT_PORT: u16 = 40_000;

/// Inspects a connection. The first byte chooses the server's port (4 bits), midstream (16),
/// UDP (32) and low limits (64). Then records: a control byte, an argument, a length, and so
/// many bytes. Of the control byte, 1 is the sender (the server), 2 and 4 say what the
/// argument is (0 nothing, 1 how far back the segment begins, 2 how far ahead, 3 the TCP
/// flags), 8 makes the length eightfold. Gives the number of alerts, so that a test can
/// tell whether rules were reached.
///
/// # Panics
/// If the engine panics, loses a packet or memory, or alerts otherwise than one that tries
/// every rule.
pub fn stream(detection: &Arc<Detection>, data: &[u8]) -> usize {
    deliver(detection, data)
}

/// A script of [`stream`] in which the client sends `payload` and the server sends it back.
pub(super) fn script(payload: &[u8]) -> Vec<u8> {
    let mut script = vec![0];
    for sender in [0, 1] {
        for piece in payload.chunks(255) {
            script.extend([sender, 0, u8::try_from(piece.len()).unwrap_or(0)]);
            script.extend(piece);
        }
    }
    script
}

/// Plays a script to two engines.
pub(super) fn deliver(detection: &Arc<Detection>, data: &[u8]) -> usize {
    let Some((first, records)) = data.split_first() else {
        return 0;
    };
    let config = if first & LOW_LIMITS == 0 {
        Config::default()
    } else {
        Config {
            reassembly_memory: 1 << 12,
            reassembly_memory_per_flow: 1 << 11,
            flush_size: 128,
            http_body_section: 64,
            http_max_start_line: 256,
            http_max_headers: 512,
            http_max_pipeline: 2,
            decompress_output: 1 << 12,
            ..Config::default()
        }
    };
    let mut connection = Connection {
        engines: BothWays::new(detection, &config),
        port: PORTS
            .get(usize::from(first & PORT))
            .copied()
            .unwrap_or_default(),
        is_udp: first & UDP != 0,
        // Near the end of the number space, so that long streams wrap.
        next: [0xffff_ff00, 1000],
    };
    if first & (MIDSTREAM | UDP) == 0 {
        connection.open();
    }
    connection.play(records);
    connection.engines.finish()
}

struct Connection {
    engines: BothWays,
    port: u16,
    is_udp: bool,
    /// Next sequence number of the client and of the server.
    next: [u32; 2],
}

impl Connection {
    fn open(&mut self) {
        for (from_server, flags) in [
            (false, TcpHeader::SYN),
            (true, TcpHeader::SYN | TcpHeader::ACK),
        ] {
            let (seq, _) = self.numbers(from_server);
            self.send(from_server, flags, seq, &[]);
            self.advance(from_server, 1);
        }
        let (seq, _) = self.numbers(false);
        self.send(false, TcpHeader::ACK, seq, &[]);
    }

    fn play(&mut self, mut records: &[u8]) {
        for _ in 0..MAX_SEGMENTS {
            let [control, argument, length, after @ ..] = records else {
                return;
            };
            let times = if control & 8 == 0 { 1 } else { 8 };
            let length = (usize::from(*length) * times).min(after.len());
            let (bytes, next) = after.split_at_checked(length).unwrap_or((after, &[]));
            records = next;
            self.record(*control, *argument, bytes);
        }
    }

    fn record(&mut self, control: u8, argument: u8, bytes: &[u8]) {
        let from_server = control & 1 != 0;
        let (seq, _) = self.numbers(from_server);
        let distance = u32::from(argument);
        let usual = TcpHeader::PSH | TcpHeader::ACK;
        let (seq, flags, in_order) = match (control >> 1) & 3 {
            0 => (seq, usual, true),
            1 => (seq.wrapping_sub(distance), usual, distance == 0),
            2 => (seq.wrapping_add(distance), usual, distance == 0),
            _ => (seq, argument, true),
        };
        self.send(from_server, flags, seq, bytes);
        if in_order {
            self.advance(from_server, u32::try_from(bytes.len()).unwrap_or(0));
        }
    }

    /// Next sequence number of the sender and of its peer.
    fn numbers(&self, from_server: bool) -> (u32, u32) {
        let [client, server] = self.next;
        if from_server {
            (server, client)
        } else {
            (client, server)
        }
    }

    fn advance(&mut self, from_server: bool, by: u32) {
        let [client, server] = &mut self.next;
        let side = if from_server { server } else { client };
        *side = side.wrapping_add(by);
    }

    fn send(&mut self, from_server: bool, flags: u8, seq: u32, payload: &[u8]) {
        let (_, ack) = self.numbers(from_server);
        let ports = if from_server {
            (self.port, CLIENT_PORT)
        } else {
            (CLIENT_PORT, self.port)
        };
        let mut transport = Vec::with_capacity(payload.len().saturating_add(20));
        transport.extend(ports.0.to_be_bytes());
        transport.extend(ports.1.to_be_bytes());
        if self.is_udp {
            let length = payload.len().saturating_add(8);
            transport.extend(u16::try_from(length).unwrap_or(0).to_be_bytes());
            transport.extend([0, 0]);
        } else {
            transport.extend(seq.to_be_bytes());
            transport.extend(ack.to_be_bytes());
            // Header of five words, window 65,535, no checksum, no urgent pointer.
            transport.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        }
        transport.extend(payload);
        let packet = ipv4(from_server, if self.is_udp { 17 } else { 6 }, &transport);
        self.engines.wait(Duration::from_millis(1));
        self.engines.process(&frame(from_server, &packet));
    }
}

fn ipv4(from_server: bool, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len().saturating_add(20)).unwrap_or(u16::MAX);
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    // Identification 1, don't fragment, TTL 64, no checksum.
    packet.extend([0, 1, 0x40, 0, 64, protocol, 0, 0]);
    for address in if from_server {
        [SERVER, CLIENT]
    } else {
        [CLIENT, SERVER]
    } {
        packet.extend(address);
    }
    packet.extend(payload);
    packet
}

fn frame(from_server: bool, packet: &[u8]) -> Frame<'_> {
    Frame {
        bytes: packet,
        link_type: LinkType::RawIp,
        wire_len: u32::try_from(packet.len()).unwrap_or(u32::MAX),
        vlan: None,
        gso_size: 0,
        checksum: ChecksumState::NotReady,
        tag: Tag {
            direction: if from_server {
                Direction::ToWorkload
            } else {
                Direction::FromWorkload
            },
            ..Tag::default()
        },
    }
}
