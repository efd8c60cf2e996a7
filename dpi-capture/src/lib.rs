//! Sink device, AF_PACKET rings, fanout group and shared memory.
//!
//! The supervisor makes all of it: [`Sink::create`] gives the device that the eBPF
//! programs clone to, [`Ring::open_group`] the rings bound to it, [`RingCursor::create`]
//! and [`CounterPage::create`] the memory that the worker writes. The worker gets the
//! descriptors alone: it calls [`RingCursor::open`], [`CounterPage::open`] and
//! [`RingReader::new`], which need no capability. [`RingBooks`] keeps both sides exact.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "lengths and flags of the kernel's structures, all far below their types' bounds"
)]

pub mod budget;
pub mod ring;
pub mod shared;
pub mod sink;

pub use budget::{Budget, BudgetError, memory_limit, ring_budget};
pub use ring::{
    Block, Checksum, Frame, Geometry, Gso, GsoKind, Ring, RingError, RingOptions, RingReader,
    RingStatistics, Tag, Timestamp, Vlan,
};
pub use shared::{Counter, CounterPage, InProgress, Progress, RingBooks, RingCursor, SharedError};
pub use sink::{Preference, Redirect, Sink, SinkError, SinkKind};
