//! IP defragmentation as Linux does it since 4.19.
//!
//! What lies within a run of bytes that are there is ignored; a datagram with any other
//! overlap is discarded whole (IPv4 by the kernel's choice, IPv6 by RFC 5722), and so is one
//! whose ends contradict each other. Nothing is given out while a hole is left.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::IpAddr,
    time::Duration,
};

use super::{
    Budget,
    runs::{Placed, Runs},
};
use crate::{
    config::Config,
    flow::Seeded,
    frame::Slot,
    packet::{Fragment, IpHeader, Packet},
    time::MonoTime,
};

/// Largest payload of an IP datagram.
const MAX_DATAGRAM: u32 = 65_535;
/// What one stored piece costs besides its bytes.
const PIECE_OVERHEAD: usize = 64;

/// What became of a fragment.
#[derive(Debug)]
pub enum FragmentVerdict {
    /// Stored, or a repetition.
    Held,
    /// It was the last missing piece.
    Complete(Box<Datagram>),
    /// It overlaps or contradicts what was stored: all of the datagram is gone.
    Discarded(Contradiction),
    /// It has no bytes, or ends behind the largest datagram.
    Malformed,
    /// There is no memory left for it.
    NoMemory,
}

/// What is wrong with fragments of one datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// They share bytes.
    Overlap,
    /// They disagree on where the datagram ends.
    End,
}

/// A datagram put together from its fragments.
#[derive(Debug)]
pub struct Datagram {
    header: StoredHeader,
    payload: Vec<u8>,
}

impl Datagram {
    /// The first fragment's header with the whole payload.
    pub fn header(&self) -> IpHeader<'_> {
        let h = &self.header;
        IpHeader {
            src: h.src,
            dst: h.dst,
            protocol: h.protocol,
            ttl: h.ttl,
            tos: h.tos,
            id: h.id,
            fragment: h.fragment,
            options: &h.options,
            payload: &self.payload,
        }
    }

    /// Hash of the VLAN and tunnel ids that the fragments had.
    pub fn encapsulation(&self) -> u32 {
        self.header.encapsulation
    }

    /// Headers in front of the fragments' IP header.
    pub fn layers(&self) -> u8 {
        self.header.layers
    }
}

/// Fragments of datagrams that are not complete yet.
#[derive(Debug)]
pub struct Defragmenter {
    partial: HashMap<Key, Partial, Seeded>,
    /// Keys in order of their first fragment, each with the serial number of its datagram.
    /// Those that are no longer stored are skipped when met.
    order: VecDeque<(Key, u64)>,
    serial: u64,
    max: usize,
    timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    slot: Slot,
    src: IpAddr,
    dst: IpAddr,
    /// 0 for IPv6, where it is no part of the identity.
    protocol: u8,
    id: u32,
    encapsulation: u32,
}

#[derive(Debug)]
struct StoredHeader {
    src: IpAddr,
    dst: IpAddr,
    protocol: u8,
    ttl: u8,
    tos: u8,
    id: u16,
    fragment: Fragment,
    options: Vec<u8>,
    encapsulation: u32,
    layers: u8,
}

#[derive(Debug)]
struct Partial {
    serial: u64,
    started: MonoTime,
    /// Of the fragment with offset 0.
    header: Option<StoredHeader>,
    /// Pieces by their offset in bytes; they neither overlap nor are empty.
    pieces: BTreeMap<u32, Vec<u8>>,
    runs: Runs,
    received: u32,
    /// Length seen so far, the final one once `has_end`.
    len: u32,
    has_end: bool,
    cost: usize,
}

enum Insert {
    Stored,
    Repeated,
    Contradiction(Contradiction),
}

impl Defragmenter {
    /// No fragments, with the bounds that a configuration states.
    pub fn new(config: &Config) -> Self {
        Defragmenter {
            partial: HashMap::with_hasher(Seeded(config.hash_seed)),
            order: VecDeque::new(),
            serial: 0,
            max: config.max_fragmented_datagrams.max(1),
            timeout: config.fragment_timeout,
        }
    }

    /// Takes a fragment. The second value says how many older datagrams had to go for it.
    pub fn push(
        &mut self,
        packet: &Packet<'_>,
        slot: Slot,
        now: MonoTime,
        budget: &mut Budget,
    ) -> (FragmentVerdict, u64) {
        let fragment = packet.ip.fragment;
        let start = u32::from(fragment.offset).saturating_mul(8);
        let mut bytes = packet.ip.payload;
        if fragment.more_fragments && packet.ip.src.is_ipv6() && !bytes.len().is_multiple_of(8) {
            // RFC 8200 (4.5): it is discarded, and those before it stay.
            return (FragmentVerdict::Malformed, 0);
        }
        if fragment.more_fragments {
            // As the kernel: what is no multiple of 8 is cut down to one.
            bytes = bytes.get(..bytes.len() & !7).unwrap_or_default();
        }
        let end = u32::try_from(bytes.len())
            .ok()
            .and_then(|len| start.checked_add(len))
            .filter(|end| *end <= MAX_DATAGRAM && *end > start);
        let Some(end) = end else {
            return (FragmentVerdict::Malformed, 0);
        };
        let key = Key::of(packet, slot);
        self.forget_if_late(&key, now, budget);
        let cost = bytes.len().saturating_add(PIECE_OVERHEAD);
        let mut evicted = 0;
        if !self.partial.contains_key(&key) {
            evicted = self.make_room(budget);
            self.begin(key, now);
        }
        if !budget.charge(cost) {
            return (FragmentVerdict::NoMemory, evicted);
        }
        let Some(partial) = self.partial.get_mut(&key) else {
            budget.release(cost);
            return (FragmentVerdict::NoMemory, evicted);
        };
        if start == 0 && partial.header.is_none() {
            partial.header = Some(StoredHeader::of(packet));
        }
        match partial.insert(start, end, bytes, !fragment.more_fragments) {
            Insert::Stored => partial.cost = partial.cost.saturating_add(cost),
            // The kernel does not ask whether a repetition completes anything.
            Insert::Repeated => {
                budget.release(cost);
                return (FragmentVerdict::Held, evicted);
            }
            Insert::Contradiction(what) => {
                budget.release(cost);
                self.forget(&key, budget);
                return (FragmentVerdict::Discarded(what), evicted);
            }
        }
        if !partial.is_complete() {
            return (FragmentVerdict::Held, evicted);
        }
        let datagram = self.forget(&key, budget).and_then(Partial::assemble);
        // Complete, it has a first fragment.
        let verdict = datagram.map_or(FragmentVerdict::Malformed, |datagram| {
            FragmentVerdict::Complete(Box::new(datagram))
        });
        (verdict, evicted)
    }

    /// Forgets datagrams that have not become complete in time; says how many.
    pub fn expire(&mut self, now: MonoTime, budget: &mut Budget) -> u64 {
        let mut expired = 0_u64;
        while let Some((key, serial)) = self.order.front().copied() {
            if let Some(partial) = self.partial.get(&key)
                && partial.serial == serial
            {
                if now.since(partial.started) <= self.timeout {
                    break;
                }
                self.forget(&key, budget);
                expired = expired.saturating_add(1);
            }
            self.order.pop_front();
        }
        expired
    }

    fn begin(&mut self, key: Key, now: MonoTime) {
        self.serial = self.serial.wrapping_add(1);
        self.order.push_back((key, self.serial));
        self.partial.insert(
            key,
            Partial {
                serial: self.serial,
                started: now,
                header: None,
                pieces: BTreeMap::new(),
                runs: Runs::default(),
                received: 0,
                len: 0,
                has_end: false,
                cost: 0,
            },
        );
    }

    /// Oldest first.
    fn make_room(&mut self, budget: &mut Budget) -> u64 {
        let mut evicted = 0_u64;
        while self.partial.len() >= self.max || self.order.len() >= self.max.saturating_mul(4) {
            let Some((key, serial)) = self.order.pop_front() else {
                break;
            };
            if self.partial.get(&key).is_some_and(|p| p.serial == serial) {
                self.forget(&key, budget);
                evicted = evicted.saturating_add(1);
            }
        }
        evicted
    }

    fn forget_if_late(&mut self, key: &Key, now: MonoTime, budget: &mut Budget) {
        let late = |partial: &Partial| now.since(partial.started) > self.timeout;
        if self.partial.get(key).is_some_and(late) {
            self.forget(key, budget);
        }
    }

    fn forget(&mut self, key: &Key, budget: &mut Budget) -> Option<Partial> {
        let partial = self.partial.remove(key)?;
        budget.release(partial.cost);
        Some(partial)
    }
}

impl Partial {
    fn insert(&mut self, start: u32, end: u32, bytes: &[u8], is_last: bool) -> Insert {
        let contradicts = if is_last {
            end < self.len || (self.has_end && end != self.len)
        } else {
            self.has_end && end > self.len
        };
        if contradicts {
            return Insert::Contradiction(Contradiction::End);
        }
        // Noted of a repetition too.
        self.len = self.len.max(end);
        self.has_end |= is_last;
        match self.runs.place(start, end) {
            Placed::Overlaps => Insert::Contradiction(Contradiction::Overlap),
            Placed::Repeated => Insert::Repeated,
            Placed::New => {
                self.pieces.insert(start, bytes.to_vec());
                self.received = self.received.saturating_add(end.saturating_sub(start));
                Insert::Stored
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.has_end && self.received == self.len
    }

    fn assemble(self) -> Option<Datagram> {
        let mut payload = Vec::with_capacity(usize::try_from(self.len).ok()?);
        for piece in self.pieces.values() {
            payload.extend_from_slice(piece);
        }
        Some(Datagram {
            header: self.header?,
            payload,
        })
    }
}

impl Key {
    fn of(packet: &Packet<'_>, slot: Slot) -> Key {
        let ip = &packet.ip;
        Key {
            slot,
            src: ip.src,
            dst: ip.dst,
            protocol: if ip.src.is_ipv4() { ip.protocol } else { 0 },
            id: ip.fragment.id,
            encapsulation: packet.encapsulation,
        }
    }
}

impl StoredHeader {
    fn of(packet: &Packet<'_>) -> StoredHeader {
        let ip = &packet.ip;
        StoredHeader {
            src: ip.src,
            dst: ip.dst,
            protocol: ip.protocol,
            ttl: ip.ttl,
            tos: ip.tos,
            id: ip.id,
            fragment: ip.fragment,
            options: ip.options.to_vec(),
            encapsulation: packet.encapsulation,
            layers: packet.layers,
        }
    }
}
