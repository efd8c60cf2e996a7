//! One packet thread: a ring, its engine, and commands between packets.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use dpi_capture::{Checksum, CounterPage, Frame as RingFrame, RingError, RingReader};
use dpi_common::{Direction as Way, SkbHash};
use dpi_snort::{
    ChecksumState, Direction, Engine, Frame, LinkType, MonoTime, Now, Output, Slot, SlotTable, Tag,
    VlanTag, WallTime, detection::Detection, stats,
};
use rustix::time::{ClockId, clock_gettime};

use super::{
    counters::{RingCounter, ThreadCounter},
    report::Report,
};

/// Longest wait for a block: how soon a command or the call to stop is seen on an idle ring.
const IDLE: Duration = Duration::from_millis(50);
/// Flows are looked through for those that timed out this often.
const EXPIRE: Duration = Duration::from_secs(1);

/// What a packet thread needs of an engine.
pub(super) trait Inspect {
    fn process(&mut self, frame: &Frame<'_>, now: Now, output: &mut impl Output);
    fn expire(&mut self, now: Now, output: &mut impl Output);
    /// Returns the former rules.
    fn swap(&mut self, detection: Arc<Detection>) -> Arc<Detection>;
    fn set_slots(&mut self, slots: Arc<SlotTable>);
    fn count(&self, counter: stats::Counter) -> u64;
}

impl Inspect for Engine {
    fn process(&mut self, frame: &Frame<'_>, now: Now, output: &mut impl Output) {
        Engine::process(self, frame, now, output);
    }

    fn expire(&mut self, now: Now, output: &mut impl Output) {
        Engine::expire(self, now, output);
    }

    fn swap(&mut self, detection: Arc<Detection>) -> Arc<Detection> {
        Engine::swap(self, detection)
    }

    fn set_slots(&mut self, slots: Arc<SlotTable>) {
        Engine::set_slots(self, slots);
    }

    fn count(&self, counter: stats::Counter) -> u64 {
        self.stats().get(counter)
    }
}

/// What the control thread asks of a packet thread. Taken between two packets.
#[derive(Debug)]
pub(super) enum Command {
    /// These rules are in force from the next packet on, under this epoch.
    Swap(Arc<Detection>, u32),
    /// These workloads may be met.
    Slots(Arc<SlotTable>),
}

/// The control thread's hold on a packet thread.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// A command waits in the channel: looked at before each packet, which the channel
    /// itself would be too dear for.
    pub(super) command: AtomicBool,
    /// Finish.
    pub(super) stop: AtomicBool,
}

/// One packet thread's belongings. `E` makes the engine anew should it be lost in a panic.
pub(super) struct PacketThread<I, M> {
    pub(super) make: M,
    pub(super) engine: I,
    pub(super) detection: Arc<Detection>,
    pub(super) slots: Arc<SlotTable>,
    pub(super) report: Report,
    pub(super) counters: Arc<CounterPage<RingCounter>>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) signals: Arc<Signals>,
    /// The engine's counters as they were last added to the ring's.
    pub(super) published: Vec<u64>,
}

impl<I, M> PacketThread<I, M>
where
    I: Inspect,
    M: FnMut(&Arc<Detection>, &Arc<SlotTable>) -> I,
{
    /// Reads the ring until told to stop.
    pub(super) fn run(mut self, mut ring: RingReader) -> Result<(), RingError> {
        let mut expired = monotonic();
        self.publish();
        while !self.signals.stop.load(Ordering::Relaxed) {
            self.obey();
            match ring.next_block(IDLE) {
                Ok(Some(mut block)) => {
                    while let Some(frame) = block.next_frame(monotonic()) {
                        self.packet(&frame, monotonic());
                        if self.signals.command.load(Ordering::Relaxed) {
                            self.obey();
                        }
                    }
                }
                Ok(None) => {}
                // The supervisor sees the same and makes the sink anew.
                Err(error @ RingError::Interrupted { .. }) => tracing::warn!("{error}"),
                Err(error) => return Err(error),
            }
            let now = monotonic();
            if now.saturating_sub(expired) >= EXPIRE {
                expired = now;
                self.expire(now);
            }
            self.report.flush();
            self.publish();
        }
        self.publish();
        Ok(())
    }

    /// Adds what the engine counted since the last time to the ring's counters.
    fn publish(&mut self) {
        self.published.resize(stats::Counter::ALL.len(), 0);
        for (counter, published) in stats::Counter::ALL.iter().zip(&mut self.published) {
            let count = self.engine.count(*counter);
            if count != *published {
                let more = count.saturating_sub(*published);
                self.counters.add(RingCounter::Engine(*counter), more);
                *published = count;
            }
        }
    }

    fn obey(&mut self) {
        self.signals.command.store(false, Ordering::Relaxed);
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Swap(detection, epoch) => {
                    self.detection = Arc::clone(&detection);
                    // The control thread holds the former rules too and drops them last.
                    drop(self.engine.swap(detection));
                    // Bypasses that are still here were judged by the former rules.
                    self.report.flush();
                    self.report.epoch = epoch;
                    self.counters.add(ThreadCounter::Swaps.into(), 1);
                }
                Command::Slots(slots) => {
                    self.slots = Arc::clone(&slots);
                    self.engine.set_slots(slots);
                }
            }
        }
    }

    fn packet(&mut self, frame: &RingFrame<'_>, monotonic: Duration) {
        self.counters
            .add(ThreadCounter::Bytes.into(), u64::from(frame.wire_len));
        let Some(tag) = frame.tag() else {
            self.counters.add(ThreadCounter::Foreign.into(), 1);
            return;
        };
        let now = now(frame, monotonic);
        let frame = engine_frame(frame, tag);
        let (engine, report) = (&mut self.engine, &mut self.report);
        // The engine catches panics in what it does for one flow; this is for the rest.
        let run = AssertUnwindSafe(|| engine.process(&frame, now, report));
        if catch_unwind(run).is_err() {
            self.counters.add(ThreadCounter::DroppedPanic.into(), 1);
            self.start_anew();
        }
    }

    fn expire(&mut self, monotonic: Duration) {
        let wall = clock_gettime(ClockId::Realtime);
        let wall = Duration::try_from(wall).unwrap_or_default();
        let now = Now {
            wall: WallTime(nanos(wall)),
            monotonic: MonoTime(nanos(monotonic)),
        };
        let (engine, report) = (&mut self.engine, &mut self.report);
        let run = AssertUnwindSafe(|| engine.expire(now, report));
        if catch_unwind(run).is_err() {
            self.start_anew();
        }
    }

    /// An engine that panicked outside of a flow's own state may be in any state.
    fn start_anew(&mut self) {
        tracing::error!(
            "the engine panicked; it is made anew and its flows are picked up midstream"
        );
        self.publish();
        self.published.clear();
        self.engine = (self.make)(&self.detection, &self.slots);
    }
}

/// `CLOCK_MONOTONIC` since its origin.
pub(super) fn monotonic() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn now(frame: &RingFrame<'_>, monotonic: Duration) -> Now {
    let wall = Duration::new(
        u64::from(frame.timestamp.seconds),
        frame.timestamp.nanoseconds,
    );
    Now {
        wall: WallTime(nanos(wall)),
        monotonic: MonoTime(nanos(monotonic)),
    }
}

fn engine_frame<'a>(frame: &RingFrame<'a>, tag: SkbHash) -> Frame<'a> {
    Frame {
        bytes: frame.bytes,
        link_type: LinkType::Ethernet,
        wire_len: frame.wire_len,
        vlan: frame.vlan.map(|vlan| VlanTag {
            tci: vlan.tci,
            tpid: vlan.tpid,
        }),
        gso_size: frame.gso.map_or(0, |gso| gso.size),
        checksum: match frame.checksum {
            Checksum::Unverified => ChecksumState::Unknown,
            Checksum::Valid => ChecksumState::Valid,
            Checksum::NotReady => ChecksumState::NotReady,
        },
        tag: Tag {
            slot: Slot(tag.slot.get()),
            direction: match tag.direction {
                Way::FromPod => Direction::FromWorkload,
                Way::ToPod => Direction::ToWorkload,
            },
        },
    }
}
