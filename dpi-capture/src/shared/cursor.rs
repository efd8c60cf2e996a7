//! Where a worker is in its ring, readable after its death.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::atomic::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
    time::Duration,
};

use super::words::{SharedError, Words};
use crate::ring::Geometry;

/// "DPICUR" and the layout's number.
const MAGIC: u64 = 0x4450_4943_5552_0001;
const WORDS: usize = 6;
const PACKET_BITS: u32 = 23;
const PACKET_MASK: u64 = (1 << PACKET_BITS) - 1;

/// Where a worker is in its ring, in memory that outlives it.
///
/// The position is one word: block number, packets finished in that block, and whether
/// the next one is in processing. Each step is a single store, so that a `kill -9`
/// between any two instructions leaves a position that is right. The packets of all
/// blocks before are kept twice, by the block number's lowest bit: the worker writes the
/// one that is not in force, then the position.
#[derive(Debug)]
pub struct RingCursor {
    words: Words,
    geometry: Geometry,
}

/// A position as read at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Blocks given back to the kernel since the ring was opened.
    pub block: u64,
    /// Packets of the present block that are finished.
    pub packet: u32,
    /// Packets finished since the ring was opened, skipped ones included.
    pub processed: u64,
    /// The packet after them, if one is in processing.
    pub in_progress: Option<InProgress>,
}

/// A packet in processing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InProgress {
    /// When it began, `CLOCK_MONOTONIC`.
    pub started: Duration,
}

impl Progress {
    /// How long the worker has been inside one packet; zero if it is in none.
    pub fn inside_for(&self, now: Duration) -> Duration {
        self.in_progress
            .map_or(Duration::ZERO, |packet| now.saturating_sub(packet.started))
    }
}

impl RingCursor {
    /// A cursor at the start of a new ring; the memory names the ring's geometry too, so
    /// that the worker needs nothing else.
    pub fn create(geometry: Geometry) -> Result<RingCursor, SharedError> {
        let words = Words::create("dpi-cursor", WORDS)?;
        let cursor = RingCursor { words, geometry };
        cursor.word(1).store(pack_geometry(geometry), Relaxed);
        cursor.word(0).store(MAGIC, Release);
        Ok(cursor)
    }

    /// Maps the cursor that the supervisor made.
    pub fn open(fd: OwnedFd) -> Result<RingCursor, SharedError> {
        let words = Words::open(fd, WORDS)?;
        let found = words.all();
        if found[0].load(Acquire) != MAGIC {
            return Err(SharedError::NotACursor);
        }
        let packed = found[1].load(Relaxed);
        let (block_size, blocks) = ((packed >> 32) as u32, low_half(packed));
        let geometry = Geometry::new_checked(block_size, blocks)
            .ok_or(SharedError::Geometry { block_size, blocks })?;
        Ok(RingCursor { words, geometry })
    }

    /// Of the ring.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The position now. `processed` is the worker's claim: bound it by what was delivered.
    pub fn progress(&self) -> Progress {
        let position = self.position().load(Acquire);
        let (block, packet, busy) = unpack(position);
        let processed = self
            .base(block)
            .load(Acquire)
            .wrapping_add(u64::from(packet));
        let started = Duration::from_nanos(self.started().load(Acquire));
        Progress {
            block,
            packet,
            processed,
            in_progress: busy.then_some(InProgress { started }),
        }
    }

    /// For the supervisor once the worker is dead: steps over the packet that killed it.
    /// Whether there was one; it is to be booked as dropped(`worker_restart`).
    pub fn skip_in_progress(&self) -> bool {
        let (_, _, busy) = unpack(self.position().load(Acquire));
        if busy {
            self.finish();
        }
        busy
    }

    /// The next packet is in processing from `now` on.
    pub(crate) fn begin(&self, now: Duration) {
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.started().store(nanos, Relaxed);
        let position = self.position().load(Relaxed);
        self.position().store(position | 1, Release);
    }

    /// The packet in processing is finished.
    pub(crate) fn finish(&self) {
        let (block, packet, busy) = unpack(self.position().load(Relaxed));
        if busy {
            self.position().store(pack(block, packet + 1), Release);
        }
    }

    /// The present block is back with the kernel.
    pub(crate) fn next_block(&self) {
        let (block, packet, _) = unpack(self.position().load(Relaxed));
        let processed = self
            .base(block)
            .load(Relaxed)
            .wrapping_add(u64::from(packet));
        self.base(block + 1).store(processed, Release);
        self.position().store(pack(block + 1, 0), Release);
    }

    fn position(&self) -> &AtomicU64 {
        self.word(2)
    }

    fn started(&self) -> &AtomicU64 {
        self.word(3)
    }

    fn base(&self, block: u64) -> &AtomicU64 {
        self.word(4 + usize::from(block & 1 == 1))
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        &self.words.all()[index]
    }
}

impl AsFd for RingCursor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.words.as_fd()
    }
}

fn pack(block: u64, packet: u32) -> u64 {
    (block << (PACKET_BITS + 1)) | ((u64::from(packet) & PACKET_MASK) << 1)
}

fn unpack(position: u64) -> (u64, u32, bool) {
    let packet = low_half((position >> 1) & PACKET_MASK);
    (position >> (PACKET_BITS + 1), packet, position & 1 == 1)
}

fn pack_geometry(geometry: Geometry) -> u64 {
    (u64::from(geometry.block_size()) << 32) | u64::from(geometry.blocks())
}

fn low_half(word: u64) -> u32 {
    (word & u64::from(u32::MAX)) as u32
}

#[cfg(test)]
#[path = "cursor_tests.rs"]
mod tests;
