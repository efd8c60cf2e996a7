//! A pod's interface with our programs on it, a sink, and rings that a test reads itself.

use std::{
    fmt::Write as _,
    os::fd::AsFd as _,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use dpi_agent::kernel::Sink as Target;
use dpi_capture::{
    Geometry, Ring, RingCursor, RingOptions, RingReader, Sink, SinkError,
    ring::{Checksum, Gso, Vlan},
    sink::Preference,
};
use dpi_common::{PortBitmap, Slot};

use crate::{kernel_fixture::TestKernel, netns::Netns};

/// Workload number of the pod.
pub const SLOT: u32 = 7;
/// Nothing more comes once nothing came for so long.
const QUIET: Duration = Duration::from_millis(250);

/// A pod (`10.1.0.1`, `fd00::1`) beside its node (`10.1.0.2`, `fd00::2`), tapped at the
/// node's end `va` of the veth.
#[derive(Debug)]
pub struct Tapped {
    /// The pod: `eth0`.
    pub pod: Netns,
    /// The node: `va`.
    pub node: Netns,
    /// The programs; nothing but their lease and sink is set.
    pub kernel: TestKernel,
    /// The rings as a supervisor has them.
    pub rings: Vec<Ring>,
    /// Where each ring's reader is.
    pub cursors: Vec<RingCursor>,
    readers: Vec<RingReader>,
    sink: Option<Sink>,
}

/// A frame out of a ring.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Which ring.
    pub reader: usize,
    /// All bytes that the ring had.
    pub bytes: Vec<u8>,
    /// Bytes that there were.
    pub wire_len: usize,
    /// The hash as it came.
    pub rxhash: u32,
    /// The tag beside the bytes.
    pub vlan: Option<Vlan>,
    /// Of a super-packet.
    pub gso: Option<Gso>,
    /// State of the checksum.
    pub checksum: Checksum,
}

/// How a [`Tapped`] is made.
#[derive(Clone, Copy, Debug)]
pub struct Tap {
    /// Sink.
    pub sink: Preference,
    /// Rings.
    pub readers: u32,
    /// Bytes of each.
    pub ring: u64,
}

impl Default for Tap {
    fn default() -> Self {
        Tap {
            sink: Preference::Auto,
            readers: 1,
            ring: 32 << 20,
        }
    }
}

impl Tapped {
    /// Sets all up; every packet of the pod is handed over. `Ok(Err)` if this machine has
    /// no such sink; `None`, with the reason printed, if it cannot load programs.
    pub fn open(tap: Tap) -> Result<Option<Result<Tapped, SinkError>>> {
        let Some(mut kernel) = TestKernel::open()? else {
            return Ok(None);
        };
        let (node, pod) = (Netns::labelled("node")?, Netns::labelled("pod")?);
        wire(&node, &pod)?;
        let index = node.ifindex("va")?;
        let sink = node.run(|| Ok(Sink::create(tap.sink, Sink::NAME)))?;
        let sink = match sink {
            Ok(sink) => sink,
            Err(error) => return Ok(Some(Err(error))),
        };
        let redirect = sink.redirect();
        let options = RingOptions {
            ifindex: sink.ifindex(),
            geometry: Geometry::within(tap.ring),
            readers: tap.readers,
            retire_ms: 5,
            ignore_outgoing: sink.ignore_outgoing(),
        };
        // Rings first: what is handed over before would be counted and read by nobody.
        let rings = node.run(|| {
            let rings = Ring::open_group(&options)?;
            kernel.set_sink(Some(Target {
                ifindex: redirect.ifindex,
                flags: u32::try_from(redirect.flags)?,
            }))?;
            kernel.set_ports(&PortBitmap::EVERYTHING)?;
            kernel.renew_lease(Duration::from_secs(120))?;
            kernel.attach(index, "va", Slot::new_checked(SLOT).context("slot")?)?;
            Ok(rings)
        })?;
        let cursors = rings
            .iter()
            .map(|ring| Ok(RingCursor::create(ring.geometry())?))
            .collect::<Result<Vec<_>>>()?;
        let mut tapped = Tapped {
            pod,
            node,
            kernel,
            rings,
            cursors,
            readers: Vec::new(),
            sink: Some(sink),
        };
        tapped.restart_readers()?;
        Ok(Some(Ok(tapped)))
    }

    /// The same with the best sink that there is.
    pub fn open_any(tap: Tap) -> Result<Option<Tapped>> {
        Ok(Tapped::open(tap)?.transpose()?)
    }

    /// What a new worker does: maps each ring and goes on at its cursor.
    pub fn restart_readers(&mut self) -> Result<()> {
        self.readers.clear();
        for (ring, cursor) in self.rings.iter().zip(&self.cursors) {
            let cursor = RingCursor::open(cursor.as_fd().try_clone_to_owned()?)?;
            let fd = ring.as_fd().try_clone_to_owned()?;
            self.readers.push(RingReader::new(fd, cursor)?);
        }
        Ok(())
    }

    /// Hands nothing over from here on. A namespace has chatter of its own (MLD, router
    /// solicitations), and a packet of it between two readings would stand in one alone.
    pub fn hush(&mut self) -> Result<()> {
        Ok(self.kernel.set_sink(None)?)
    }

    /// Every frame in the rings, until nothing more comes.
    pub fn take(&mut self) -> Result<Vec<Taken>> {
        self.take_at_most(usize::MAX)
    }

    /// The same, leaving off inside a block once there are `most`: the last frame is left
    /// as a worker leaves it that dies over it.
    pub fn take_at_most(&mut self, most: usize) -> Result<Vec<Taken>> {
        let mut taken = Vec::new();
        let mut last = Instant::now();
        while last.elapsed() < QUIET {
            for (number, reader) in self.readers.iter_mut().enumerate() {
                let Some(mut block) = reader.next_block(Duration::from_millis(5))? else {
                    continue;
                };
                last = Instant::now();
                while let Some(frame) = block.next_frame(Duration::ZERO) {
                    taken.push(Taken {
                        reader: number,
                        bytes: frame.bytes.to_vec(),
                        wire_len: usize::try_from(frame.wire_len)?,
                        rxhash: frame.rxhash,
                        vlan: frame.vlan,
                        gso: frame.gso,
                        checksum: frame.checksum,
                    });
                    if taken.len() == most {
                        // As if killed: nothing is given back, nothing is finished.
                        std::mem::forget(block);
                        return Ok(taken);
                    }
                }
            }
        }
        Ok(taken)
    }

    /// Sends frames as they are from the pod: where the kernel has no VLAN devices, a tag
    /// comes by nothing else. Python has the packet socket that a test without unsafe code
    /// lacks.
    pub fn send_frames(&self, frames: &[Vec<u8>]) -> Result<()> {
        const SENDER: &str = "import socket,sys\n\
            s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW)\n\
            s.bind(('eth0',0))\n\
            for line in sys.argv[1:]: s.send(bytes.fromhex(line))";
        let hex = |frame: &Vec<u8>| {
            frame.iter().fold(String::new(), |mut line, byte| {
                let _ = write!(line, "{byte:02x}");
                line
            })
        };
        let output = self
            .pod
            .command("python3")
            .args(["-c", SENDER])
            .args(frames.iter().map(hex))
            .output()?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// The kind of sink in use.
    pub fn sink(&self) -> Option<&Sink> {
        self.sink.as_ref()
    }
}

fn wire(node: &Netns, pod: &Netns) -> Result<()> {
    node.veth("va", pod, "eth0")?;
    for (netns, device, number) in [(pod, "eth0", 1), (node, "va", 2)] {
        netns.ip(&format!("addr add 10.1.0.{number}/24 dev {device}"))?;
        netns.ip(&format!("addr add fd00::{number}/64 dev {device} nodad"))?;
    }
    Ok(())
}

/// What a frame says of itself, read here without any code of ours that is under test.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// 4 or 6.
    pub version: u8,
    /// Protocol behind the IP headers.
    pub protocol: u8,
    /// Addresses as they lie in the packet.
    pub ends: [Vec<u8>; 2],
    /// Source and destination port; 0 without.
    pub ports: [u16; 2],
    /// Identification of a fragment, and whether it is the first.
    pub fragment: Option<(u32, bool)>,
    /// Where the transport header begins.
    pub transport: usize,
}

impl Taken {
    /// Reads the frame; `None` if it is no IP.
    pub fn read(&self) -> Option<Read> {
        let bytes = &self.bytes;
        let be16 = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let mut at = 14;
        let mut ethertype = be16(12)?;
        if ethertype == 0x8100 {
            ethertype = be16(16)?;
            at = 18;
        }
        let mut read = match ethertype {
            0x0800 => {
                let flags = be16(at + 6)?;
                let is_fragment = flags & 0x3fff != 0;
                Read {
                    version: 4,
                    protocol: *bytes.get(at + 9)?,
                    ends: [12, 16].map(|end| bytes[at + end..at + end + 4].to_vec()),
                    ports: [0; 2],
                    fragment: is_fragment.then_some((u32::from(be16(at + 4)?), (flags << 3) == 0)),
                    transport: at + usize::from(bytes.get(at)? & 15) * 4,
                }
            }
            0x86dd => {
                let ends = [8, 24].map(|end| bytes[at + end..at + end + 16].to_vec());
                let (mut protocol, mut transport, mut fragment) =
                    (*bytes.get(at + 6)?, at + 40, None);
                // BIG TCP: a hop-by-hop header with the length (RFC 2675).
                if protocol == 0 {
                    protocol = *bytes.get(transport)?;
                    transport += 8;
                }
                if protocol == 44 {
                    let id = [4, 5, 6, 7].map(|n| bytes[transport + n]);
                    let first = be16(transport + 2)? >> 3 == 0;
                    fragment = Some((u32::from_be_bytes(id), first));
                    protocol = bytes[transport];
                    transport += 8;
                }
                Read {
                    version: 6,
                    protocol,
                    ends,
                    ports: [0; 2],
                    fragment,
                    transport,
                }
            }
            _ => return None,
        };
        let has_ports = matches!(read.protocol, 6 | 17);
        if has_ports && read.fragment.is_none_or(|(_, first)| first) {
            read.ports = [be16(read.transport)?, be16(read.transport + 2)?];
        }
        Some(read)
    }
}
