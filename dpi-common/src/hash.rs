//! What `skb->hash` carries from the eBPF programs to the ring readers.

use crate::slot::Slot;

/// Which end of a packet the workload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Direction {
    /// The workload sent it.
    FromPod = 0,
    /// The workload receives it.
    ToPod = 1,
}

/// Seven bits that are the same for both directions of a flow and for all fragments of
/// a datagram; they choose the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct FlowHash(u8);

impl FlowHash {
    /// Bits that a flow hash takes in [`SkbHash`].
    pub const BITS: u32 = 7;
    /// What packets get whose addresses cannot be read.
    pub const UNKNOWN: FlowHash = FlowHash(0);

    /// The low seven bits of `value`.
    #[inline]
    pub const fn truncate(value: u32) -> FlowHash {
        FlowHash((value & ((1 << Self::BITS) - 1)) as u8)
    }

    /// 0 to 127.
    #[inline]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Which of `readers` gets the packet, as the kernel's fanout chooses it: the
    /// classic BPF program returns the flow hash, `fanout_demux_bpf` takes it modulo the
    /// number of sockets in the group. 0 if there are no readers.
    pub const fn reader(self, readers: u32) -> u32 {
        match (self.0 as u32).checked_rem(readers) {
            Some(reader) => reader,
            None => 0,
        }
    }
}

/// `skb->hash` as it is set for the time of the hand-off, and as `tp_rxhash` reports it
/// to the reader: bit 31 direction, bits 30 to 24 flow hash, bits 23 to 0 slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SkbHash {
    /// Which end the workload is.
    pub direction: Direction,
    /// What chooses the reader.
    pub flow: FlowHash,
    /// The workload.
    pub slot: Slot,
}

impl SkbHash {
    /// Bit of the direction: set for [`Direction::ToPod`].
    pub const DIRECTION_SHIFT: u32 = 31;
    /// Lowest bit of the flow hash.
    pub const FLOW_SHIFT: u32 = Slot::BITS;

    /// The 32 bits; never 0, which would mean "no hash" to the kernel.
    #[inline]
    pub const fn encode(self) -> u32 {
        ((self.direction as u32) << Self::DIRECTION_SHIFT)
            | ((self.flow.0 as u32) << Self::FLOW_SHIFT)
            | self.slot.get()
    }

    /// Reads what [`SkbHash::encode`] wrote; `None` if the slot is 0: such a packet did
    /// not come from these programs.
    pub const fn decode(hash: u32) -> Option<SkbHash> {
        let Some(slot) = Slot::new_checked(hash & Slot::MAX.get()) else {
            return None;
        };
        let direction = match hash >> Self::DIRECTION_SHIFT {
            0 => Direction::FromPod,
            _ => Direction::ToPod,
        };
        Some(SkbHash {
            direction,
            flow: FlowHash::truncate(hash >> Self::FLOW_SHIFT),
            slot,
        })
    }
}
