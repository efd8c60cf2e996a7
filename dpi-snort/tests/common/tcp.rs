//! TCP conversations as Ethernet frames.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use dpi_snort::{
    Alert, BypassReason, ChecksumState, Config, Engine, FlowEndpoints, Frame, LinkType, Now,
    Output, SlotTable, Tag,
};
use std::sync::Arc;

use crate::common::compile;

/// One segment, before it is a frame.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) from_client: bool,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: u8,
    pub(crate) payload: Vec<u8>,
}

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const ACK: u8 = 16;

/// First sequence numbers of client and server.
pub(crate) const CLIENT_ISN: u32 = 1000;
pub(crate) const SERVER_ISN: u32 = 5_000_000;

impl Segment {
    /// Ethernet, IPv4, TCP; client 10.0.0.1:40000, server 10.0.0.2:`port`.
    pub(crate) fn frame(&self, port: u16) -> Vec<u8> {
        let (client, server) = (([10, 0, 0, 1], 40_000_u16), ([10, 0, 0, 2], port));
        let (src, dst) = if self.from_client {
            (client, server)
        } else {
            (server, client)
        };
        let total = u16::try_from(40 + self.payload.len()).unwrap();
        let mut frame = vec![0; 12];
        frame.extend([8, 0, 0x45, 0]);
        frame.extend(total.to_be_bytes());
        frame.extend([0, 1, 0x40, 0, 64, 6, 0, 0]);
        frame.extend(src.0);
        frame.extend(dst.0);
        frame.extend(src.1.to_be_bytes());
        frame.extend(dst.1.to_be_bytes());
        frame.extend(self.seq.to_be_bytes());
        frame.extend(self.ack.to_be_bytes());
        frame.extend([0x50, self.flags, 0xff, 0xff, 0, 0, 0, 0]);
        frame.extend(&self.payload);
        frame
    }
}

/// Handshake, then the pieces of data in turn (true: from the client), then FINs.
pub(crate) fn conversation(pieces: &[(bool, &[u8])]) -> Vec<Segment> {
    let (mut client, mut server) = (CLIENT_ISN, SERVER_ISN);
    let mut segments = Vec::new();
    let mut push = |from_client, flags, payload: &[u8], client: &mut u32, server: &mut u32| {
        let (seq, ack) = if from_client {
            (*client, *server)
        } else {
            (*server, *client)
        };
        let ack = if flags & ACK == 0 { 0 } else { ack };
        segments.push(Segment {
            from_client,
            seq,
            ack,
            flags,
            payload: payload.to_vec(),
        });
        let moved = u32::try_from(payload.len()).unwrap() + u32::from(flags & (SYN | FIN) != 0);
        let own = if from_client { client } else { server };
        *own = own.wrapping_add(moved);
    };
    push(true, SYN, b"", &mut client, &mut server);
    push(false, SYN | ACK, b"", &mut client, &mut server);
    push(true, ACK, b"", &mut client, &mut server);
    for (from_client, data) in pieces {
        push(*from_client, ACK, data, &mut client, &mut server);
        push(!*from_client, ACK, b"", &mut client, &mut server);
    }
    push(true, FIN | ACK, b"", &mut client, &mut server);
    push(false, FIN | ACK, b"", &mut client, &mut server);
    push(true, ACK, b"", &mut client, &mut server);
    segments
}

/// Sids that alert, in order, and whether each was on rebuilt data.
#[derive(Debug, Default)]
pub(crate) struct Alerts(pub(crate) Vec<(u32, bool)>);

impl Output for Alerts {
    fn alert(&mut self, alert: &Alert<'_>) {
        self.0.push((alert.sid, alert.rebuilt));
    }

    fn bypass(&mut self, _tag: Tag, _flow: &FlowEndpoints, _reason: BypassReason) {}
}

impl Alerts {
    /// Sids without repetition, rising.
    pub(crate) fn sids(&self) -> Vec<u32> {
        let mut sids: Vec<u32> = self.0.iter().map(|(sid, _)| *sid).collect();
        sids.sort_unstable();
        sids.dedup();
        sids
    }
}

/// An engine with these rules.
pub(crate) fn engine(rules: &str, config: Config) -> Engine {
    Engine::new(
        config,
        Arc::new(compile(rules)),
        Arc::new(SlotTable::default()),
    )
}

/// Gives one frame to an engine.
pub(crate) fn process(engine: &mut Engine, bytes: &[u8], now: Now, alerts: &mut Alerts) {
    let frame = Frame {
        bytes,
        link_type: LinkType::Ethernet,
        wire_len: u32::try_from(bytes.len()).unwrap(),
        vlan: None,
        gso_size: 0,
        checksum: ChecksumState::NotReady,
        tag: Tag::default(),
    };
    engine.process(&frame, now, alerts);
}

/// Runs frames through an engine, a millisecond apart, and ends it.
pub(crate) fn run(engine: &mut Engine, frames: &[Vec<u8>]) -> Alerts {
    let mut alerts = Alerts::default();
    let mut nanos = 1_000_000_000_000;
    for bytes in frames {
        nanos += 1_000_000;
        process(engine, bytes, Now::from_capture(nanos), &mut alerts);
    }
    engine.finish(Now::from_capture(nanos), &mut alerts);
    alerts
}

/// Sids that a conversation with `port` alerts.
pub(crate) fn sids(rules: &str, segments: &[Segment], port: u16) -> Vec<u32> {
    let frames: Vec<Vec<u8>> = segments.iter().map(|segment| segment.frame(port)).collect();
    run(&mut engine(rules, Config::default()), &frames).sids()
}
