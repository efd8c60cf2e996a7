//! One direction of a TCP connection: what the application reads, and what we deliver.

use std::{
    io::{ErrorKind, Read as _},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use dpi_snort::{
    packet::TcpHeader,
    stream::tcp::{Data, SegmentVerdict, TcpSession},
};
use rustix::net::sockopt::set_socket_linger;

use super::{
    packets::{self, TCP},
    wire::{Version, Wire},
};

/// A segment of the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Of its first byte in the stream; 0 is the first byte behind the SYN.
    pub offset: i32,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Flags; that of ACK is turned around.
    pub flags: u8,
    /// Urgent pointer, with URG among the flags.
    pub urgent: u16,
    /// Added to the number that the kernel waits for as acknowledgement.
    pub ack: u32,
    /// Value of a timestamp option (RFC 7323).
    pub timestamp: Option<u32>,
}

impl Segment {
    /// Plain bytes at an offset.
    pub fn new(offset: i32, bytes: impl Into<Vec<u8>>) -> Segment {
        Segment {
            offset,
            bytes: bytes.into(),
            flags: TcpHeader::PSH,
            urgent: 0,
            ack: 0,
            timestamp: None,
        }
    }
}

/// How a connection is opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// Value of a timestamp option in the SYN; the connection has timestamps then.
    pub timestamp: Option<u32>,
    /// A second SYN: whether it comes after the kernel's answer, and what is added to the
    /// sequence number of the first.
    pub other_syn: Option<(bool, u32)>,
}

impl Opening {
    /// With one SYN.
    pub fn plain(timestamp: Option<u32>) -> Opening {
        Opening {
            timestamp,
            other_syn: None,
        }
    }
}

/// What both sides made of some segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Bytes that the application read.
    pub kernel: Vec<u8>,
    /// Bytes that our reassembly delivered, of the same packets.
    pub ours: Vec<u8>,
}

/// A listening socket of the kernel.
pub struct StreamOracle {
    wire: Wire,
    version: Version,
    listener: TcpListener,
    port: u16,
    cases: u32,
}

/// Longest that the kernel may take for an answer that must come.
const PATIENCE: Duration = Duration::from_secs(5);

impl StreamOracle {
    /// `None` where the kernel has no TUN.
    pub fn open(version: Version) -> Result<Option<StreamOracle>> {
        let Some(wire) = Wire::open()? else {
            return Ok(None);
        };
        let address = version.kernel();
        let listener = wire.netns.run(|| Ok(TcpListener::bind((address, 0))?))?;
        listener.set_nonblocking(true)?;
        Ok(Some(StreamOracle {
            port: listener.local_addr()?.port(),
            wire,
            version,
            listener,
            cases: 0,
        }))
    }

    /// A new connection, these segments, and what came out of both.
    pub fn run(&mut self, segments: &[Segment]) -> Result<Given> {
        self.run_with(None, segments)
    }

    /// The same; with a `timestamp` in its SYN the connection has timestamps.
    pub fn run_with(&mut self, timestamp: Option<u32>, segments: &[Segment]) -> Result<Given> {
        self.run_opened(Opening::plain(timestamp), segments)
    }

    /// The same with a handshake that may hold more than it should.
    pub fn run_opened(&mut self, opening: Opening, segments: &[Segment]) -> Result<Given> {
        self.cases += 1;
        let isn = self.cases.wrapping_mul(0x9e37_79b9);
        let mut connection = Connection {
            peer_port: 1024 + u16::try_from(self.cases % 60_000)?,
            kernel_port: self.port,
            version: self.version,
            isn,
            kernel_isn: 0,
            opening,
            ours: Ours::default(),
        };
        connection.open(&mut self.wire)?;
        let mut stream = accept(&self.listener)?;
        let mut kernel = Vec::new();
        for segment in segments {
            connection.send(&mut self.wire, segment)?;
            // At once, as applications do: which bytes urgent pointers leave out hangs on it.
            read(&mut stream, &mut kernel)?;
        }
        // A reset, so that nothing of it lingers.
        set_socket_linger(&stream, Some(Duration::ZERO))?;
        drop(stream);
        while self.wire.receive()?.is_some() {}
        Ok(Given {
            kernel,
            ours: connection.ours.bytes,
        })
    }
}

fn accept(listener: &TcpListener) -> Result<TcpStream> {
    let until = Instant::now() + PATIENCE;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < until => {}
            Err(error) => return Err(error).context("the connection"),
        }
    }
}

fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => bytes.extend(&buffer[..length]),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::ConnectionReset => return Ok(()),
                // The urgent byte's place stops a read; the next one goes on behind it.
                _ => return Err(error).context("the application's end"),
            },
        }
    }
}

struct Connection {
    peer_port: u16,
    kernel_port: u16,
    version: Version,
    isn: u32,
    kernel_isn: u32,
    opening: Opening,
    ours: Ours,
}

/// A segment's header fields besides its ports.
#[derive(Clone, Copy)]
struct Fields {
    seq: u32,
    ack: u32,
    flags: u8,
    urgent: u16,
    timestamp: Option<u32>,
}

impl Connection {
    fn open(&mut self, wire: &mut Wire) -> Result<()> {
        let mut fields = Fields {
            seq: self.isn,
            ack: 0,
            flags: TcpHeader::SYN,
            urgent: 0,
            timestamp: self.opening.timestamp,
        };
        self.write(wire, &fields, &[])?;
        self.other_syn(wire, &fields, false)?;
        let until = Instant::now() + PATIENCE;
        while self.kernel_isn == 0 {
            self.hear(wire)?;
            if Instant::now() > until {
                bail!("the kernel does not answer the SYN");
            }
        }
        self.other_syn(wire, &fields, true)?;
        fields.seq = self.isn.wrapping_add(1);
        fields.ack = self.kernel_isn.wrapping_add(1);
        fields.flags = TcpHeader::ACK;
        self.write(wire, &fields, &[])
    }

    /// Sends the second SYN, if its time has come.
    fn other_syn(&mut self, wire: &mut Wire, first: &Fields, is_answered: bool) -> Result<()> {
        let due = self
            .opening
            .other_syn
            .filter(|(late, _)| *late == is_answered);
        let Some((_, distance)) = due else {
            return Ok(());
        };
        let fields = Fields {
            seq: first.seq.wrapping_add(distance),
            ..*first
        };
        self.write(wire, &fields, &[])?;
        if is_answered {
            self.hear(wire)?;
        }
        Ok(())
    }

    fn send(&mut self, wire: &mut Wire, segment: &Segment) -> Result<()> {
        let first = self.isn.wrapping_add(1);
        let fields = Fields {
            seq: first.wrapping_add(segment.offset.cast_unsigned()),
            ack: self.kernel_isn.wrapping_add(1).wrapping_add(segment.ack),
            flags: segment.flags ^ TcpHeader::ACK,
            urgent: segment.urgent,
            timestamp: segment.timestamp,
        };
        self.write(wire, &fields, &segment.bytes)?;
        self.hear(wire)
    }

    /// To the kernel, and to ours.
    fn write(&mut self, wire: &Wire, fields: &Fields, payload: &[u8]) -> Result<()> {
        let mut segment = Vec::with_capacity(32 + payload.len());
        segment.extend(self.peer_port.to_be_bytes());
        segment.extend(self.kernel_port.to_be_bytes());
        segment.extend(fields.seq.to_be_bytes());
        segment.extend(fields.ack.to_be_bytes());
        let words = if fields.timestamp.is_some() { 8 } else { 5 };
        segment.extend([words << 4, fields.flags, 0xff, 0xff, 0, 0]);
        segment.extend(fields.urgent.to_be_bytes());
        if let Some(value) = fields.timestamp {
            // Two paddings, the option, nothing echoed.
            segment.extend([1, 1, 8, 10]);
            segment.extend(value.to_be_bytes());
            segment.extend([0; 4]);
        }
        segment.extend(payload);
        let segment = packets::with_checksum(self.version, TCP, segment, 16);
        self.ours.take(true, &segment);
        wire.send(&packets::packet(self.version, TCP, &segment, None))
    }

    /// Takes what the kernel has sent on this connection.
    fn hear(&mut self, wire: &mut Wire) -> Result<()> {
        while let Some(packet) = wire.receive()? {
            let Some(segment) = packets::payload(packet, TCP).filter(|s| s.len() >= 20) else {
                continue;
            };
            if segment[2..4] != self.peer_port.to_be_bytes() {
                continue;
            }
            if segment[13] & TcpHeader::SYN != 0 {
                self.kernel_isn =
                    u32::from_be_bytes([segment[4], segment[5], segment[6], segment[7]]);
            }
            self.ours.take(false, segment);
        }
        Ok(())
    }
}

/// Our reassembly, as the engine drives it.
#[derive(Default)]
struct Ours {
    session: TcpSession,
    bytes: Vec<u8>,
}

/// More than any case needs.
const ROOM: usize = 1 << 20;

impl Ours {
    fn take(&mut self, from_client: bool, segment: &[u8]) {
        let word = |at: usize| u16::from_be_bytes([segment[at], segment[at + 1]]);
        let long = |at: usize| u32::from(word(at)) << 16 | u32::from(word(at + 2));
        let header_len = usize::from(segment[12] >> 4) * 4;
        let header = TcpHeader {
            src_port: word(0),
            dst_port: word(2),
            seq: long(4),
            ack: long(8),
            flags: segment[13],
            window: word(14),
            urgent: word(18),
            options: &segment[20..header_len],
        };
        let payload = &segment[header_len..];
        let seq = match self.session.accept(from_client, &header, payload.len()) {
            SegmentVerdict::Usable(seq) => seq,
            SegmentVerdict::Doubtful(seq) => {
                self.session.doubt(from_client, seq, payload, ROOM, ROOM);
                return;
            }
            SegmentVerdict::Reset => return self.session.close(),
            SegmentVerdict::Unusable(_) | SegmentVerdict::NewConnection => return,
        };
        let data = (payload, header.flags & TcpHeader::FIN != 0);
        let data = self.session.accept_data(from_client, seq, data, ROOM, ROOM);
        if let Data::InOrder(skip) = data {
            self.deliver(from_client, &payload[skip..]);
            self.deliver_ready(from_client);
        }
        for side in [true, false] {
            while let Some(bytes) = self.session.take_doubtful(side, false) {
                self.deliver(side, &bytes);
                self.deliver_ready(side);
            }
        }
        self.session.reached_fin(from_client);
    }

    fn deliver_ready(&mut self, from_client: bool) {
        while let Some(bytes) = self.session.take_ready(from_client) {
            self.deliver(from_client, &bytes);
        }
    }

    fn deliver(&mut self, from_client: bool, bytes: &[u8]) {
        let urgent = self.session.urgent_in(from_client, bytes.len());
        self.session.delivered(from_client, bytes.len());
        if from_client {
            let kept = bytes.iter().enumerate();
            let kept = kept.filter(|(index, _)| Some(*index) != urgent);
            self.bytes.extend(kept.map(|(_, byte)| *byte));
        }
    }
}
