//! Which packets any rule can ask for.

use std::fmt;

use crate::parser::{PortSet, Protocol, Rule};

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
}

impl PortsOfInterest {
    /// What these rules need. A rule for a service, or with `any` on both sides, needs
    /// every port of its protocols, since services are found by their bytes.
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
        match &header.protocol {
            Protocol::Tcp => self.tcp.add(both),
            Protocol::Udp => self.udp.add(both),
            Protocol::Icmp => self.icmp = true,
            Protocol::Service(_) => {
                self.tcp.add([&all, &all]);
                self.udp.add([&all, &all]);
            }
            Protocol::Ip => {
                self.tcp.add([&all, &all]);
                self.udp.add([&all, &all]);
                self.icmp = true;
                self.other = true;
            }
        }
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
            for port in *first..=*last {
                if let Some(word) = self.words.get_mut(usize::from(port >> 6)) {
                    *word |= bit(port);
                }
            }
        }
    }
}

impl Default for PortBitmap {
    fn default() -> Self {
        PortBitmap {
            words: Box::new([0; 1024]),
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
