//! Opening a ring: socket, memory, fanout, filter.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType, socket_with},
};

use super::{geometry::Geometry, socket};

/// Why a ring cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// A system call failed.
    #[error("ring: {call}: {source}")]
    System {
        /// What was done.
        call: &'static str,
        /// Its error.
        source: Errno,
    },
    /// No AF_PACKET socket for this process.
    #[error(
        "no packet socket: CAP_NET_RAW is missing; run as root or add NET_RAW to the container's capabilities"
    )]
    NotPermitted,
    /// The kernel has no pages for the ring.
    #[error(
        "no memory for a ring of {bytes} bytes: lower the ring memory or the number of readers"
    )]
    NoMemory {
        /// Bytes asked for.
        bytes: usize,
    },
    /// The flow hash tells 128 readers apart.
    #[error("{readers} readers: 1 to 128 are possible")]
    Readers {
        /// Asked for.
        readers: u32,
    },
    /// The socket reported an error, mostly a sink that went down or away.
    #[error("the sink device went down or was deleted: {source}")]
    Interrupted {
        /// The socket's error.
        source: Errno,
    },
}

/// What [`Ring::open_group`] opens.
#[derive(Clone, Copy, Debug)]
pub struct RingOptions {
    /// The sink's [`ifindex`](crate::Sink::ifindex).
    pub ifindex: u32,
    /// Of each ring.
    pub geometry: Geometry,
    /// Rings in the fanout group, 1 to 128.
    pub readers: u32,
    /// A block that is not full is closed after so many milliseconds; 10 is usual.
    pub retire_ms: u32,
    /// Take received packets only: for a sink that gets them on its ingress.
    pub ignore_outgoing: bool,
}

/// Figures of the kernel since the ring was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingStatistics {
    /// `tp_packets`: all that the sink gave to the socket, dropped ones included.
    pub seen: u64,
    /// `tp_drops`: refused because the ring was full.
    pub dropped: u64,
    /// `tp_freeze_q_cnt`: how often the ring became full.
    pub freezes: u64,
}

impl RingStatistics {
    /// Packets in the ring, read or not.
    pub fn delivered(self) -> u64 {
        self.seen.saturating_sub(self.dropped)
    }
}

/// The supervisor's side of a ring; its descriptor ([`AsFd`]) goes to the worker.
#[derive(Debug)]
pub struct Ring {
    fd: OwnedFd,
    geometry: Geometry,
    total: RingStatistics,
}

/// A group's rings take packets only when all have joined: with the first one bound alone
/// it would get everything, and each later one a copy until it joined.
const REFUSE_ALL: [libc::sock_filter; 1] = [instruction(0x06, 0)];

/// `A = rxhash; A >>= 24; A &= 127; return A`: the flow hash; the kernel takes it modulo
/// the number of members. The direction (bit 31) must not count.
const FLOW_HASH: [libc::sock_filter; 4] = [
    instruction(
        0x20,
        (libc::SKF_AD_OFF + libc::SKF_AD_RXHASH).cast_unsigned(),
    ),
    instruction(0x74, 24),
    instruction(0x54, 0x7f),
    instruction(0x16, 0),
];

impl Ring {
    /// Opens `readers` rings on the sink, joined so that flow hash `h` goes to the ring
    /// with index `h % readers`. Needs `CAP_NET_RAW`.
    pub fn open_group(options: &RingOptions) -> Result<Vec<Ring>, RingError> {
        let readers = options.readers;
        if !(1..=128).contains(&readers) {
            return Err(RingError::Readers { readers });
        }
        let rings: Vec<Ring> = (0..readers)
            .map(|_| Ring::open_closed(options))
            .collect::<Result<_, _>>()?;
        let mut group = libc::PACKET_FANOUT_FLAG_UNIQUEID << 16;
        for ring in &rings {
            let value = group | (libc::PACKET_FANOUT_CBPF << 16);
            socket::set(
                ring,
                libc::SOL_PACKET,
                libc::PACKET_FANOUT,
                "PACKET_FANOUT",
                &value,
            )?;
            let joined = socket::get(ring, libc::PACKET_FANOUT, "PACKET_FANOUT", 0_u32)?;
            group = joined & 0xffff;
        }
        if let Some(first) = rings.first() {
            let call = "PACKET_FANOUT_DATA";
            socket::set(
                first,
                libc::SOL_PACKET,
                libc::PACKET_FANOUT_DATA,
                call,
                &program(&FLOW_HASH),
            )?;
        }
        for ring in &rings {
            socket::set(
                ring,
                libc::SOL_SOCKET,
                libc::SO_DETACH_FILTER,
                "SO_DETACH_FILTER",
                &0_i32,
            )?;
        }
        Ok(rings)
    }

    /// Bound, mapped in the kernel, refusing every packet.
    fn open_closed(options: &RingOptions) -> Result<Ring, RingError> {
        // Protocol 0: nothing is received before bind.
        let fd = socket_with(
            AddressFamily::PACKET,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(|source| match source {
            Errno::PERM | Errno::ACCESS => RingError::NotPermitted,
            source => RingError::System {
                call: "socket(AF_PACKET)",
                source,
            },
        })?;
        let packet = libc::SOL_PACKET;
        socket::set(
            &fd,
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            "SO_ATTACH_FILTER",
            &program(&REFUSE_ALL),
        )?;
        let version = libc::tpacket_versions::TPACKET_V3 as i32;
        socket::set(
            &fd,
            packet,
            libc::PACKET_VERSION,
            "PACKET_VERSION",
            &version,
        )?;
        socket::set(
            &fd,
            packet,
            libc::PACKET_VNET_HDR,
            "PACKET_VNET_HDR",
            &1_i32,
        )?;
        let ignore = i32::from(options.ignore_outgoing);
        socket::set(
            &fd,
            packet,
            libc::PACKET_IGNORE_OUTGOING,
            "PACKET_IGNORE_OUTGOING",
            &ignore,
        )?;
        let geometry = options.geometry;
        let request = request(geometry, options.retire_ms);
        socket::set(
            &fd,
            packet,
            libc::PACKET_RX_RING,
            "PACKET_RX_RING",
            &request,
        )
        .map_err(|error| match error {
            RingError::System {
                source: Errno::NOMEM,
                ..
            } => RingError::NoMemory {
                bytes: geometry.bytes(),
            },
            error => error,
        })?;
        socket::bind(&fd, options.ifindex)?;
        Ok(Ring {
            fd,
            geometry,
            total: RingStatistics::default(),
        })
    }

    /// Blocks of the ring; [`RingCursor::create`](crate::RingCursor::create) wants them.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// `PACKET_STATISTICS`, summed up since the ring was opened. Reading resets the
    /// kernel's 32-bit counters: call it at least every few minutes, and nowhere else.
    pub fn statistics(&mut self) -> Result<RingStatistics, RingError> {
        let [seen, dropped, freezes] = socket::get(
            &self.fd,
            libc::PACKET_STATISTICS,
            "PACKET_STATISTICS",
            [0_u32; 3],
        )?;
        self.total.seen += u64::from(seen);
        self.total.dropped += u64::from(dropped);
        self.total.freezes += u64::from(freezes);
        Ok(self.total)
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn request(geometry: Geometry, retire_ms: u32) -> libc::tpacket_req3 {
    // V3 packs packets without regard to frames; the kernel still checks the product.
    const FRAME: u32 = 2048;
    libc::tpacket_req3 {
        tp_block_size: geometry.block_size(),
        tp_block_nr: geometry.blocks(),
        tp_frame_size: FRAME,
        tp_frame_nr: geometry.block_size() / FRAME * geometry.blocks(),
        tp_retire_blk_tov: retire_ms,
        tp_sizeof_priv: 0,
        tp_feature_req_word: 1, // TP_FT_REQ_FILL_RXHASH
    }
}

const fn instruction(code: u16, k: u32) -> libc::sock_filter {
    libc::sock_filter {
        code,
        jt: 0,
        jf: 0,
        k,
    }
}

fn program(code: &'static [libc::sock_filter]) -> libc::sock_fprog {
    // The kernel copies the instructions and writes none.
    libc::sock_fprog {
        len: code.len() as u16,
        filter: code.as_ptr().cast_mut(),
    }
}
