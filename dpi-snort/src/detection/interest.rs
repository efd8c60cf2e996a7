//! Which packets any rule can ask for.

use std::fmt;

use crate::{
    builtin::BuiltinEvent,
    parser::{PortSet, Protocol, Rule},
};

/// The ports that rules can match, for a prefilter in front of the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortsOfInterest {
    /// TCP ports, of either end.
    pub tcp: PortBitmap,
    /// UDP ports, of either end.
    pub udp: PortBitmap,
    /// Whether any rule asks for ICMP.
    pub icmp: bool,
    /// Whether any rule asks for other protocols over IP.
    pub other: bool,
}

/// One bit for each port.
#[derive(Clone, PartialEq, Eq)]
pub struct PortBitmap {
    words: Box<[u64; 1024]>,
    /// A range of all ports was added.
    is_full: bool,
}

impl PortsOfInterest {
    /// What these rules need. A rule for a service, or with `any` on both sides, needs
    /// every port of its protocols, since services are found by their bytes. The protocol of
    /// its header is enough: that a rule also fires where its service is spoken over the other
    /// one, as in Snort, asks for no packets that no rule is meant for.
    pub fn of(rules: &[Rule]) -> PortsOfInterest {
        let mut interest = PortsOfInterest::default();
        for rule in rules {
            interest.add(rule);
        }
        interest
    }

    fn add(&mut self, rule: &Rule) {
        let header = &rule.header;
        let all = PortSet::any();
        let ports = |port_set| {
            if rule.services.is_empty() {
                port_set
            } else {
                &all
            }
        };
        let both = [ports(&header.src_ports), ports(&header.dst_ports)];
        if BuiltinEvent::find(rule.id).is_some() && rule.options.is_empty() {
            // Any packet may be odd.
            self.add_all();
            return;
        }
        match &header.protocol {
            Protocol::Tcp => self.tcp.add(both),
            Protocol::Udp => self.udp.add(both),
            Protocol::Icmp => self.icmp = true,
            Protocol::Service(_) => {
                self.tcp.add([&all, &all]);
                self.udp.add([&all, &all]);
            }
            Protocol::Ip => self.add_all(),
        }
    }

    fn add_all(&mut self) {
        let all = PortSet::any();
        self.tcp.add([&all, &all]);
        self.udp.add([&all, &all]);
        self.icmp = true;
        self.other = true;
    }
}

impl PortBitmap {
    /// Whether the port is wanted.
    pub fn contains(&self, port: u16) -> bool {
        self.words
            .get(usize::from(port >> 6))
            .is_some_and(|word| word & bit(port) != 0)
    }

    /// The bits: port p is bit p % 64 of word p / 64.
    pub fn words(&self) -> &[u64; 1024] {
        &self.words
    }

    /// Adds what a rule with these ports on its two sides needs: the narrower side is
    /// enough, since both must fit.
    fn add(&mut self, [src, dst]: [&PortSet; 2]) {
        let narrower = if dst.is_any() { src } else { dst };
        for (first, last) in narrower.ranges() {
            self.add_range(*first, *last);
        }
    }

    /// Word by word, and not at all where every port is wanted already: there may be very
    /// many rules for any port.
    fn add_range(&mut self, first: u16, last: u16) {
        if self.is_full {
            return;
        }
        self.is_full = first == 0 && last == u16::MAX;
        for (index, word) in (0u16..).zip(self.words.iter_mut()) {
            let start = index.saturating_mul(64);
            let end = start.saturating_add(63);
            if end < first || start > last {
                continue;
            }
            let below = bit(first.max(start)).wrapping_sub(1);
            let upto = bit(last.min(end));
            *word |= (upto | upto.wrapping_sub(1)) & !below;
        }
    }
}

impl Default for PortBitmap {
    fn default() -> Self {
        PortBitmap {
            words: Box::new([0; 1024]),
            is_full: false,
        }
    }
}

impl fmt::Debug for PortBitmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports: u32 = self.words.iter().map(|w| w.count_ones()).sum();
        write!(f, "PortBitmap({ports} ports)")
    }
}

fn bit(port: u16) -> u64 {
    1 << (port & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_added_port_by_port() {
        for ranges in [
            &[(0, 0)][..],
            &[(63, 64)],
            &[(1, 62), (65, 65)],
            &[(100, 1000), (65_535, 65_535)],
            &[(0, 65_534)],
            &[(5, 5), (0, 65_535), (7, 8)],
        ] {
            let mut ports = PortBitmap::default();
            for (first, last) in ranges {
                ports.add_range(*first, *last);
            }
            for port in 0..=u16::MAX {
                let expected = ranges.iter().any(|(a, b)| (*a..=*b).contains(&port));
                assert_eq!(ports.contains(port), expected, "{port} of {ranges:?}");
            }
        }
    }
}
