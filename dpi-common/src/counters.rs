//! Per-CPU counters: one for each thing that can happen to a packet.

/// What is counted. At quiescence [`Counter::Seen`] is the sum of all counters whose
/// [`Counter::class`] is an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Counter {
    /// Packets of selected workloads.
    Seen,
    /// Their bytes, as on the wire.
    SeenBytes,
    /// Packets handed over to a reader.
    HandedOver,
    /// Their bytes.
    HandedOverBytes,
    /// No rule can match their protocol and ports.
    BypassedNoRule,
    /// Inspection has finished with their flow.
    BypassedFlow,
    /// The lease has run out: no agent is there to read.
    DroppedNoAgent,
    /// There is no sink to hand over to.
    DroppedNoSink,
    /// `bpf_clone_redirect` failed.
    DroppedClone,
    /// Handed over though its `EtherType` is not IP.
    NotIp,
    /// Handed over though it ends within its link or network header.
    Truncated,
    /// Handed over though its IP header contradicts itself.
    BadIpHeader,
    /// Handed over though it has more tags or extension headers than are followed.
    TooDeep,
    /// Handed over though it ends before its ports or flags.
    CutTransport,
    /// Handed over as a fragment.
    Fragment,
    /// A SYN, FIN or RST that deleted a bypass.
    BypassDeleted,
}

/// What a [`Counter`] is, for sums and labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// All packets.
    Seen,
    /// Outcome: handed over.
    HandedOver,
    /// Outcome: passed by on purpose.
    Bypassed,
    /// Outcome: should have been handed over, was not.
    Dropped,
    /// A property of packets that an outcome also counts.
    Note,
    /// Bytes.
    Bytes,
}

impl Counter {
    /// How many there are.
    pub const COUNT: usize = 16;

    /// All of them, in order of their index.
    pub const ALL: [Counter; Self::COUNT] = [
        Counter::Seen,
        Counter::SeenBytes,
        Counter::HandedOver,
        Counter::HandedOverBytes,
        Counter::BypassedNoRule,
        Counter::BypassedFlow,
        Counter::DroppedNoAgent,
        Counter::DroppedNoSink,
        Counter::DroppedClone,
        Counter::NotIp,
        Counter::Truncated,
        Counter::BadIpHeader,
        Counter::TooDeep,
        Counter::CutTransport,
        Counter::Fragment,
        Counter::BypassDeleted,
    ];

    /// Its place in [`Counters`].
    #[inline(always)]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// What it adds up to.
    pub const fn class(self) -> Class {
        match self {
            Counter::Seen => Class::Seen,
            Counter::SeenBytes | Counter::HandedOverBytes => Class::Bytes,
            Counter::HandedOver => Class::HandedOver,
            Counter::BypassedNoRule | Counter::BypassedFlow => Class::Bypassed,
            Counter::DroppedNoAgent | Counter::DroppedNoSink | Counter::DroppedClone => {
                Class::Dropped
            }
            Counter::NotIp
            | Counter::Truncated
            | Counter::BadIpHeader
            | Counter::TooDeep
            | Counter::CutTransport
            | Counter::Fragment
            | Counter::BypassDeleted => Class::Note,
        }
    }

    /// The reason or property, as a metric label.
    pub const fn label(self) -> &'static str {
        match self {
            Counter::Seen => "seen",
            Counter::SeenBytes => "seen_bytes",
            Counter::HandedOver => "handed_over",
            Counter::HandedOverBytes => "handed_over_bytes",
            Counter::BypassedNoRule => "no_rule",
            Counter::BypassedFlow => "flow",
            Counter::DroppedNoAgent => "no_agent",
            Counter::DroppedNoSink => "no_sink",
            Counter::DroppedClone => "clone_failed",
            Counter::NotIp => "not_ip",
            Counter::Truncated => "truncated",
            Counter::BadIpHeader => "bad_ip_header",
            Counter::TooDeep => "too_deep",
            Counter::CutTransport => "cut_transport",
            Counter::Fragment => "fragment",
            Counter::BypassDeleted => "bypass_deleted",
        }
    }
}

/// One CPU's counters, or the sum over all CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Counters {
    values: [u64; Counter::COUNT],
}

impl Counters {
    /// The value of one counter.
    pub const fn get(&self, counter: Counter) -> u64 {
        self.values[counter.index()]
    }

    /// Adds to one counter; wraps around, as the kernel's own do.
    #[inline(always)]
    pub const fn add(&mut self, counter: Counter, n: u64) {
        let value = &mut self.values[counter.index()];
        *value = value.wrapping_add(n);
    }

    /// Adds another CPU's counters.
    pub fn merge(&mut self, other: &Counters) {
        for counter in Counter::ALL {
            self.add(counter, other.get(counter));
        }
    }

    /// What was counted since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Counters) -> Counters {
        let mut difference = Counters::default();
        for counter in Counter::ALL {
            difference.add(
                counter,
                self.get(counter).wrapping_sub(earlier.get(counter)),
            );
        }
        difference
    }

    /// The sum of a class.
    pub fn total(&self, class: Class) -> u64 {
        let all = Counter::ALL.into_iter();
        all.filter(|c| c.class() == class)
            .map(|c| self.get(c))
            .sum()
    }

    /// Seen = handed over + bypassed + dropped. Exact when no packet is under way.
    pub fn is_balanced(&self) -> bool {
        let outcomes = [Class::HandedOver, Class::Bypassed, Class::Dropped];
        let sum: u64 = outcomes.into_iter().map(|class| self.total(class)).sum();
        self.total(Class::Seen) == sum
    }
}

const _: () = assert!(size_of::<Counters>() == 8 * Counter::COUNT);
const _: () = assert!(Counter::BypassDeleted.index() + 1 == Counter::COUNT);
