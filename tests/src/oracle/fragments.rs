//! Fragments of a datagram: what the application receives, and what we rebuild.

use std::{fs, io::ErrorKind, net::UdpSocket};

use anyhow::{Context as _, Result};
use dpi_snort::{
    Config, Slot,
    packet::{Fragment as Place, IpHeader, Packet, Transport},
    stream::{Budget, Defragmenter, FragmentVerdict},
    time::MonoTime,
};

use super::{
    packets::{self, Part, UDP},
    segments::Given,
    wire::{Version, Wire},
};

/// A piece of the datagram that a case sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Where it begins, in units of eight bytes.
    pub place: u16,
    /// Its length in the same units.
    pub units: u16,
    /// Whether more follow.
    pub more: bool,
    /// What its bytes are made of: two fragments of one place differ by it.
    pub fill: u8,
}

/// A bound UDP socket of the kernel.
pub struct FragmentOracle {
    wire: Wire,
    version: Version,
    socket: UdpSocket,
    port: u16,
    cases: u32,
}

impl FragmentOracle {
    /// `None` where the kernel has no TUN.
    pub fn open(version: Version) -> Result<Option<FragmentOracle>> {
        let Some(wire) = Wire::open()? else {
            return Ok(None);
        };
        let socket = wire.netns.run(|| {
            // Datagrams that stay incomplete are many here, and must not push others out.
            for (knob, value) in [
                ("ipv4/ipfrag_high_thresh", "1000000000"),
                ("ipv6/ip6frag_high_thresh", "1000000000"),
                ("ipv4/ipfrag_max_dist", "0"),
            ] {
                fs::write(format!("/proc/sys/net/{knob}"), value).context(knob)?;
            }
            Ok(UdpSocket::bind((version.kernel(), 0))?)
        })?;
        socket.set_nonblocking(true)?;
        Ok(Some(FragmentOracle {
            port: socket.local_addr()?.port(),
            wire,
            version,
            socket,
            cases: 0,
        }))
    }

    /// These fragments of a new datagram, and what came out of both.
    pub fn run(&mut self, fragments: &[Fragment]) -> Result<Given> {
        self.cases += 1;
        let end = fragments.iter().find(|fragment| !fragment.more);
        let units = end.map_or(0, |fragment| fragment.place + fragment.units);
        let header = self.header(usize::from(units) * 8);
        let mut given = Given {
            kernel: Vec::new(),
            ours: Vec::new(),
        };
        let (mut ours, mut budget) = (Defragmenter::new(&Config::default()), Budget::new(1 << 20));
        for fragment in fragments {
            let bytes = fragment.bytes(&header);
            let part = Part {
                id: self.cases,
                place: fragment.place,
                more: fragment.more,
            };
            self.wire
                .send(&packets::packet(self.version, UDP, &bytes, Some(part)))?;
            if !fragment.more && fragment.place == 0 {
                // Whole by itself (RFC 6946): no queue is asked.
                given.ours.extend(delivered(&bytes));
                continue;
            }
            let packet = self.packet(part, &bytes);
            let (verdict, _) =
                ours.push(&packet, Slot::default(), MonoTime::default(), &mut budget);
            if let FragmentVerdict::Complete(datagram) = verdict {
                given.ours.extend(delivered(datagram.header().payload));
            }
        }
        let mut buffer = [0; 4096];
        loop {
            match self.socket.recv(&mut buffer) {
                Ok(length) => given.kernel.extend(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error).context("the application's end"),
            }
        }
        while self.wire.receive()?.is_some() {}
        Ok(given)
    }

    /// The UDP header of a datagram of so many bytes. The units behind it add up to nothing,
    /// whichever of two overlapping ones is taken, so that its checksum is always right.
    fn header(&self, length: usize) -> Vec<u8> {
        let mut header = Vec::new();
        header.extend(4000_u16.to_be_bytes());
        header.extend(self.port.to_be_bytes());
        header.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        header.extend([0, 0]);
        header.resize(length.max(8), 0);
        let mut header = packets::with_checksum(self.version, UDP, header, 6);
        header.truncate(8);
        header
    }

    fn packet<'a>(&self, part: Part, bytes: &'a [u8]) -> Packet<'a> {
        Packet {
            ip: IpHeader {
                src: self.version.peer(),
                dst: self.version.kernel(),
                protocol: UDP,
                ttl: 64,
                tos: 0,
                id: 0,
                fragment: Place {
                    more_fragments: part.more,
                    offset: part.place,
                    id: part.id,
                    ..Place::default()
                },
                options: &[],
                payload: bytes,
            },
            transport: Transport::Other,
            payload: &[],
            encapsulation: 0,
            rebuilt: false,
            gso_size: 0,
            layers: 0,
        }
    }
}

/// What a UDP socket gives of a rebuilt datagram: its length field counts (RFC 768).
fn delivered(datagram: &[u8]) -> &[u8] {
    let length = |header: &[u8]| usize::from(u16::from_be_bytes([header[4], header[5]]));
    match datagram.get(..8).map(length) {
        Some(length) => datagram.get(8..length).unwrap_or_default(),
        None => &[],
    }
}

impl Fragment {
    fn bytes(self, header: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for unit in self.place..self.place + self.units {
            if unit == 0 {
                bytes.extend(header);
                continue;
            }
            let [_, unit] = unit.to_be_bytes();
            let (a, b) = (self.fill, unit.wrapping_mul(17));
            bytes.extend([a, b, !a, !b, b, a, !b, !a]);
        }
        bytes
    }
}
