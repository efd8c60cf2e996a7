//! Walking a ring's blocks from another process than the one that opened it.

use std::{
    os::fd::{AsFd, OwnedFd},
    ptr::NonNull,
    sync::atomic::{
        AtomicU32,
        Ordering::{Acquire, Release},
    },
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    mm::{MapFlags, ProtFlags, mmap, munmap},
};

use super::{frame::Frame, geometry::Geometry, layout, open::RingError};
use crate::shared::RingCursor;

/// `TP_STATUS_KERNEL`, `TP_STATUS_USER`.
const KERNEL: u32 = 0;
const USER: u32 = 1;

/// The worker's side of a ring. Exactly one may read a ring at a time, in whatever
/// process: the supervisor starts the next worker when the last one is dead.
#[derive(Debug)]
pub struct RingReader {
    fd: OwnedFd,
    map: NonNull<u8>,
    geometry: Geometry,
    cursor: RingCursor,
}

// SAFETY: the mapping belongs to the value and is not bound to a thread.
unsafe impl Send for RingReader {}

impl RingReader {
    /// Maps the ring behind `fd` and goes on where `cursor` stands, in the middle of a
    /// block if need be. Needs no capability.
    pub fn new(fd: OwnedFd, cursor: RingCursor) -> Result<RingReader, RingError> {
        let geometry = cursor.geometry();
        // SAFETY: a new mapping at an address of the kernel's choice. packet_mmap refuses
        // a length other than the ring's, so that a wrong geometry fails here.
        let map = unsafe {
            mmap(
                std::ptr::null_mut(),
                geometry.bytes(),
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                &fd,
                0,
            )
        }
        .map_err(|source| RingError::System {
            call: "mmap of the ring",
            source,
        })?;
        let map = NonNull::new(map.cast()).ok_or(RingError::System {
            call: "mmap of the ring",
            source: Errno::NOMEM,
        })?;
        Ok(RingReader {
            fd,
            map,
            geometry,
            cursor,
        })
    }

    /// Where the reader stands, as the supervisor sees it.
    pub fn cursor(&self) -> &RingCursor {
        &self.cursor
    }

    /// The block that is next in turn, once the kernel has closed it; `None` when
    /// `timeout` is over, or a signal came.
    pub fn next_block(&mut self, timeout: Duration) -> Result<Option<Block<'_>>, RingError> {
        if !self.ready() {
            self.wait(timeout)?;
            if !self.ready() {
                return Ok(None);
            }
        }
        Ok(Some(Block::new(self)))
    }

    /// Whether the block in turn is ours. A predecessor may have died between giving a
    /// block back and moving its cursor: then the block is the kernel's again, or holds
    /// a later sequence number, and the cursor follows.
    fn ready(&mut self) -> bool {
        let at = self.cursor.progress();
        let status = self.status().load(Acquire);
        let returned = match status & USER {
            0 => at.packet > 0,
            _ => layout::block_sequence(self.block()).is_some_and(|found| found > at.block + 1),
        };
        if returned {
            self.cursor.next_block();
            return self.status().load(Acquire) & USER != 0;
        }
        status & USER != 0
    }

    fn wait(&self, timeout: Duration) -> Result<(), RingError> {
        let timeout = Timespec::try_from(timeout).ok();
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) | Err(Errno::INTR) => Ok(()),
            Ok(_) if fds[0].revents().contains(PollFlags::ERR) => self.socket_error(),
            Ok(_) => Ok(()),
            Err(source) => Err(RingError::System {
                call: "poll",
                source,
            }),
        }
    }

    /// A sink that was deleted or set down reports once.
    fn socket_error(&self) -> Result<(), RingError> {
        match rustix::net::sockopt::socket_error(self.fd.as_fd()) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) | Err(source) => Err(RingError::Interrupted { source }),
        }
    }

    fn block_start(&self) -> NonNull<u8> {
        let index = self.cursor.progress().block % u64::from(self.geometry.blocks());
        // `index` is below the number of blocks, hence the offset inside the mapping.
        let offset = usize::try_from(index).unwrap_or(0) * self.geometry.block_size() as usize;
        // SAFETY: the offset is inside the mapping, see above.
        unsafe { self.map.add(offset) }
    }

    fn status(&self) -> &AtomicU32 {
        // SAFETY: inside the block (at least 4 KiB), aligned to 4, mapped as long as
        // `self`; kernel and we access it atomically.
        unsafe { self.block_start().add(layout::BLOCK_STATUS).cast().as_ref() }
    }

    /// The block in turn. Only called while its status is USER.
    fn block(&self) -> &[u8] {
        // SAFETY: mapped as long as `self`; while the status is USER the kernel writes
        // nothing into it, and there is one reader.
        unsafe {
            std::slice::from_raw_parts(
                self.block_start().as_ptr(),
                self.geometry.block_size() as usize,
            )
        }
    }
}

impl Drop for RingReader {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and blocks borrow `self`.
        let _ = unsafe { munmap(self.map.as_ptr().cast(), self.geometry.bytes()) };
    }
}

/// A closed block. Dropped at its end it goes back to the kernel; dropped before, it
/// stays, and the next [`RingReader::next_block`] goes on at the first frame not taken.
#[derive(Debug)]
pub struct Block<'ring> {
    ring: &'ring mut RingReader,
    /// Offset of the next packet, `None` past the last one.
    next: Option<usize>,
    left: u32,
}

impl<'ring> Block<'ring> {
    fn new(ring: &'ring mut RingReader) -> Block<'ring> {
        let done = ring.cursor.progress().packet;
        // A taker-over whose predecessor's packet was not skipped goes on behind it as
        // well: it must not be met a second time.
        let block = ring.block();
        let (packets, first) = layout::block_header(block).unwrap_or((0, 0));
        let mut next = Some(first);
        for _ in 0..done.min(packets) {
            next = next.and_then(|offset| layout::next_packet(block, offset));
        }
        Block {
            ring,
            next,
            left: packets.saturating_sub(done),
        }
    }

    /// Frames not yet taken.
    pub fn remaining(&self) -> u32 {
        self.left
    }

    /// Finishes the frame given before and begins the next one at `now`
    /// (`CLOCK_MONOTONIC`; the supervisor measures by it how long a frame takes).
    ///
    /// A packet whose lengths do not fit its block comes as an empty frame, so that it is
    /// counted like any other.
    pub fn next_frame(&mut self, now: Duration) -> Option<Frame<'_>> {
        self.ring.cursor.finish();
        self.left = self.left.checked_sub(1)?;
        self.ring.cursor.begin(now);
        let offset = self.next;
        let block = self.ring.block();
        self.next = offset.and_then(|offset| layout::next_packet(block, offset));
        let frame = offset.and_then(|offset| layout::frame(block, offset));
        Some(frame.unwrap_or(EMPTY))
    }
}

const EMPTY: Frame<'static> = Frame {
    bytes: &[],
    wire_len: 0,
    timestamp: super::Timestamp {
        seconds: 0,
        nanoseconds: 0,
    },
    rxhash: 0,
    vlan: None,
    gso: None,
    checksum: super::Checksum::Unverified,
};

impl Drop for Block<'_> {
    fn drop(&mut self) {
        // In a panic the frame stays under the cursor: the supervisor books it.
        if std::thread::panicking() {
            return;
        }
        self.ring.cursor.finish();
        if self.left == 0 {
            self.ring.status().store(KERNEL, Release);
            self.ring.cursor.next_block();
        }
    }
}
