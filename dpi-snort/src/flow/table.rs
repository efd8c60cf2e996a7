//! The flow table: bounded, fair between workloads, every eviction with its reason.

use std::{
    collections::HashMap,
    hash::{BuildHasher, DefaultHasher, Hasher},
    time::Duration,
};

use super::{
    FlowKey,
    list::{Index, Linked, Links, List},
};
use crate::{config::Config, frame::Slot, time::MonoTime};

/// What kind of flow it is: each kind has its own idle time, and its own place in the
/// order of eviction, which is the order here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowClass {
    /// TCP before the handshake is complete, or after the end.
    TcpOpening,
    /// UDP.
    Udp,
    /// ICMP and the rest.
    Other,
    /// TCP with a complete handshake, or picked up in mid-stream.
    TcpEstablished,
    /// The same, while bytes or messages of it are held. When the table is full, the older one
    /// of these two classes goes.
    TcpHolding,
}

const CLASSES: [FlowClass; 5] = [
    FlowClass::TcpOpening,
    FlowClass::Udp,
    FlowClass::Other,
    FlowClass::TcpEstablished,
    FlowClass::TcpHolding,
];

/// Why a flow was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvictionReason {
    /// It was idle for the time of its class.
    Idle,
    /// A new connection uses its addresses and ports.
    Reused,
    /// The table was full.
    TableFull,
    /// Its workload had as many flows as its policy allows.
    SlotQuota,
    /// It held memory, and all flows together held too much.
    Memory,
    /// The capture ended.
    EndOfCapture,
}

/// Idle times of each class.
#[derive(Clone, Copy, Debug)]
pub struct FlowTimeouts {
    tcp_opening: Duration,
    tcp_established: Duration,
    udp: Duration,
    other: Duration,
}

impl FlowTimeouts {
    /// The times that a configuration states.
    pub fn of(config: &Config) -> Self {
        FlowTimeouts {
            tcp_opening: config.tcp_opening_timeout,
            tcp_established: config.tcp_established_timeout,
            udp: config.udp_timeout,
            other: config.other_timeout,
        }
    }

    fn of_class(&self, class: FlowClass) -> Duration {
        match class {
            FlowClass::TcpOpening => self.tcp_opening,
            FlowClass::TcpEstablished | FlowClass::TcpHolding => self.tcp_established,
            FlowClass::Udp => self.udp,
            FlowClass::Other => self.other,
        }
    }
}

/// A flow's place in the table, valid until it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowHandle(Index);

/// Flows by key, with at most `max` of them.
///
/// When it is full, a workload that has its fair share of the table (`max` by the number of
/// workloads with flows) loses its own oldest flow, else the workload with most flows loses
/// one: a flood in one workload costs the others nothing.
#[derive(Debug)]
pub struct FlowTable<V> {
    by_key: HashMap<FlowKey, Index, Seeded>,
    entries: Entries<V>,
    slots: HashMap<Slot, SlotFlows, Seeded>,
    max: usize,
}

#[derive(Debug)]
struct Entry<V> {
    key: FlowKey,
    value: V,
    class: FlowClass,
    last_seen: MonoTime,
    links: Links,
}

/// A slab: used entries and the indices of those that are free.
#[derive(Debug)]
struct Entries<V> {
    entries: Vec<Option<Entry<V>>>,
    free: Vec<Index>,
}

#[derive(Clone, Copy, Debug, Default)]
struct SlotFlows {
    count: usize,
    lists: [List; CLASSES.len()],
}

impl SlotFlows {
    fn list(&mut self, class: FlowClass) -> &mut List {
        let [opening, udp, other, established, holding] = &mut self.lists;
        match class {
            FlowClass::TcpOpening => opening,
            FlowClass::Udp => udp,
            FlowClass::Other => other,
            FlowClass::TcpEstablished => established,
            FlowClass::TcpHolding => holding,
        }
    }
}

impl<V> FlowTable<V> {
    /// An empty table. `seed` keys the hash: whoever chooses addresses and ports must not know it.
    pub fn new(max: usize, seed: u64) -> Self {
        FlowTable {
            by_key: HashMap::with_hasher(Seeded(seed)),
            entries: Entries {
                entries: Vec::new(),
                free: Vec::new(),
            },
            slots: HashMap::with_hasher(Seeded(seed)),
            max: max.max(1),
        }
    }

    /// Flows at the moment.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there are no flows.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// The flow of a key.
    pub fn find(&self, key: &FlowKey) -> Option<FlowHandle> {
        self.by_key.get(key).copied().map(FlowHandle)
    }

    /// A flow's record.
    pub fn get_mut(&mut self, handle: FlowHandle) -> Option<&mut V> {
        self.entries.get_mut(handle.0).map(|entry| &mut entry.value)
    }

    /// Whether a flow has been idle too long at `now`.
    pub fn is_expired(&self, handle: FlowHandle, now: MonoTime, timeouts: &FlowTimeouts) -> bool {
        self.entries
            .get(handle.0)
            .is_some_and(|entry| now.since(entry.last_seen) > timeouts.of_class(entry.class))
    }

    /// Which flow must go before `slot` can have one more, and why.
    pub fn to_evict(&self, slot: Slot, quota: Option<u32>) -> Option<(FlowHandle, EvictionReason)> {
        let own = self.slots.get(&slot).map_or(0, |flows| flows.count);
        let quota = quota.and_then(|quota| usize::try_from(quota).ok());
        let (from, reason) = if quota.is_some_and(|quota| own >= quota.max(1)) {
            (slot, EvictionReason::SlotQuota)
        } else if self.by_key.len() < self.max {
            return None;
        } else if own > 0 && own >= self.max.checked_div(self.slots.len()).unwrap_or(1) {
            (slot, EvictionReason::TableFull)
        } else {
            (self.largest_slot()?, EvictionReason::TableFull)
        };
        let [opening, udp, other, established, holding] = self.slots.get(&from)?.lists;
        let oldest = [opening, udp, other].iter().find_map(|list| list.oldest);
        let oldest = oldest.or_else(|| self.older(established.oldest, holding.oldest))?;
        Some((FlowHandle(oldest), reason))
    }

    /// The one that was seen the longer ago.
    fn older(&self, a: Option<Index>, b: Option<Index>) -> Option<Index> {
        let both = [a, b].into_iter().flatten();
        both.min_by_key(|index| self.entries.get(*index).map(|entry| entry.last_seen))
    }

    /// The workload with most flows. Ties are broken by its number, not by the order of a
    /// hash table.
    fn largest_slot(&self) -> Option<Slot> {
        let all = self.slots.iter();
        let (largest, _) = all.max_by_key(|(slot, flows)| (flows.count, slot.0))?;
        Some(*largest)
    }

    /// Of the workload with most flows, the one of [`FlowClass::TcpHolding`] that was seen the
    /// longest ago.
    pub fn oldest_holding(&self) -> Option<FlowHandle> {
        let [.., holding] = self.slots.get(&self.largest_slot()?)?.lists;
        holding.oldest.map(FlowHandle)
    }

    /// Adds a flow whose key is not in the table. The caller has made room (`to_evict`).
    pub fn insert(
        &mut self,
        key: FlowKey,
        value: V,
        class: FlowClass,
        now: MonoTime,
    ) -> FlowHandle {
        let index = self.entries.insert(Entry {
            key,
            value,
            class,
            last_seen: now,
            links: Links::default(),
        });
        self.by_key.insert(key, index);
        let flows = self.slots.entry(key.slot).or_default();
        flows.count = flows.count.saturating_add(1);
        flows.list(class).push(&mut self.entries, index);
        FlowHandle(index)
    }

    /// Notes that a flow was seen, and of which class it is now.
    pub fn touch(&mut self, handle: FlowHandle, class: FlowClass, now: MonoTime) {
        let Some(entry) = self.entries.get_mut(handle.0) else {
            return;
        };
        let (slot, before) = (entry.key.slot, entry.class);
        entry.class = class;
        entry.last_seen = entry.last_seen.max(now);
        if let Some(flows) = self.slots.get_mut(&slot) {
            flows.list(before).remove(&mut self.entries, handle.0);
            flows.list(class).push(&mut self.entries, handle.0);
        }
    }

    /// Forgets a flow.
    pub fn remove(&mut self, handle: FlowHandle) -> Option<(FlowKey, V)> {
        let entry = self.entries.get(handle.0)?;
        let (slot, class) = (entry.key.slot, entry.class);
        if let Some(flows) = self.slots.get_mut(&slot) {
            flows.list(class).remove(&mut self.entries, handle.0);
            flows.count = flows.count.saturating_sub(1);
            if flows.count == 0 {
                self.slots.remove(&slot);
            }
        }
        let entry = self.entries.remove(handle.0)?;
        self.by_key.remove(&entry.key);
        Some((entry.key, entry.value))
    }

    /// Workloads that have flows, by number.
    pub fn slots(&self) -> Vec<Slot> {
        let mut slots: Vec<Slot> = self.slots.keys().copied().collect();
        slots.sort_unstable();
        slots
    }

    /// The next flow of `slot` that has been idle too long at `now`.
    pub fn next_expired(
        &self,
        slot: Slot,
        now: MonoTime,
        timeouts: &FlowTimeouts,
    ) -> Option<FlowHandle> {
        self.slots
            .get(&slot)?
            .lists
            .iter()
            .filter_map(|list| list.oldest)
            .map(FlowHandle)
            .find(|handle| self.is_expired(*handle, now, timeouts))
    }

    /// The flow of `slot` that was made or seen first.
    pub fn next_of(&self, slot: Slot) -> Option<FlowHandle> {
        let lists = &self.slots.get(&slot)?.lists;
        lists
            .iter()
            .filter_map(|list| list.oldest)
            .min_by_key(|index| self.entries.get(*index).map(|entry| entry.last_seen))
            .map(FlowHandle)
    }
}

impl<V> Entries<V> {
    fn get(&self, index: Index) -> Option<&Entry<V>> {
        self.entries.get(usize::try_from(index).ok()?)?.as_ref()
    }

    fn get_mut(&mut self, index: Index) -> Option<&mut Entry<V>> {
        self.entries.get_mut(usize::try_from(index).ok()?)?.as_mut()
    }

    fn insert(&mut self, entry: Entry<V>) -> Index {
        if let Some(index) = self.free.pop()
            && let Some(place) = usize::try_from(index)
                .ok()
                .and_then(|at| self.entries.get_mut(at))
        {
            *place = Some(entry);
            return index;
        }
        // A table of 2³² flows does not fit any memory this runs in.
        let index = Index::try_from(self.entries.len()).unwrap_or(Index::MAX);
        self.entries.push(Some(entry));
        index
    }

    fn remove(&mut self, index: Index) -> Option<Entry<V>> {
        let entry = self.entries.get_mut(usize::try_from(index).ok()?)?.take()?;
        self.free.push(index);
        Some(entry)
    }
}

impl<V> Linked for Entries<V> {
    fn links(&mut self, index: Index) -> Option<&mut Links> {
        self.get_mut(index).map(|entry| &mut entry.links)
    }
}

/// `SipHash` with a seed in front of what is hashed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeded(pub(crate) u64);

impl BuildHasher for Seeded {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher
    }
}
