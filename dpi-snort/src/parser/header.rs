//! The part of a rule before its parenthesis.

use std::net::IpAddr;

use super::{AddressSet, HeaderError, PortSet, Variables};

/// Protocol, addresses, ports and direction of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHeader {
    /// The protocol word.
    pub protocol: Protocol,
    /// Source addresses.
    pub src: AddressSet,
    /// Source ports.
    pub src_ports: PortSet,
    /// Destination addresses.
    pub dst: AddressSet,
    /// Destination ports.
    pub dst_ports: PortSet,
    /// `<>`: source and destination may also be the other way round.
    pub bidirectional: bool,
}

/// What the word in the protocol's place selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Any IP packet.
    Ip,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP of either version.
    Icmp,
    /// Flows of a service, lower case; Snort takes every other word as one.
    Service(Box<str>),
}

/// Both ends of a packet, as a header sees them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    pub(crate) src_port: u16,
    pub(crate) dst_port: u16,
}

impl RuleHeader {
    /// Reads the words between action and parenthesis.
    pub(super) fn parse(words: &[&str], variables: &Variables) -> Result<RuleHeader, HeaderError> {
        let (protocol, rest) = match words.split_first() {
            Some((word, rest)) => (Protocol::parse(word)?, rest),
            None => (Protocol::Service(Box::default()), words),
        };
        let mut header = RuleHeader {
            protocol,
            src: AddressSet::any(),
            src_ports: PortSet::any(),
            dst: AddressSet::any(),
            dst_ports: PortSet::any(),
            bidirectional: false,
        };
        if rest.is_empty() {
            return Ok(header);
        }
        let arrow = rest.iter().position(|w| matches!(*w, "->" | "<>"));
        let Some(at) = arrow else {
            let found = rest.get(2).copied();
            return Err(
                found.map_or(HeaderError::Shape, |found| HeaderError::Direction {
                    found: found.into(),
                }),
            );
        };
        header.bidirectional = rest.get(at) == Some(&"<>");
        let behind = rest.get(at.saturating_add(1)..).unwrap_or_default();
        (header.src, header.src_ports) = side(rest.get(..at).unwrap_or_default(), variables)?;
        (header.dst, header.dst_ports) = side(behind, variables)?;
        Ok(header)
    }

    /// Whether addresses and (if `check_ports`) ports fit.
    pub(crate) fn matches(&self, ends: &Ends, check_ports: bool) -> bool {
        self.matches_one_way(ends, check_ports)
            || (self.bidirectional && self.matches_one_way(&ends.reversed(), check_ports))
    }

    fn matches_one_way(&self, ends: &Ends, check_ports: bool) -> bool {
        (!check_ports
            || (self.src_ports.contains(ends.src_port) && self.dst_ports.contains(ends.dst_port)))
            && self.src.contains(ends.src)
            && self.dst.contains(ends.dst)
    }
}

impl Protocol {
    fn parse(word: &str) -> Result<Protocol, HeaderError> {
        let word = word.to_ascii_lowercase();
        Ok(match word.as_str() {
            "ip" => Protocol::Ip,
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "icmp" => Protocol::Icmp,
            other if other.starts_with('[') => {
                return Err(HeaderError::Protocol { found: word.into() });
            }
            other => Protocol::Service(other.into()),
        })
    }
}

impl Ends {
    pub(crate) fn reversed(&self) -> Ends {
        Ends {
            src: self.dst,
            dst: self.src,
            src_port: self.dst_port,
            dst_port: self.src_port,
        }
    }
}

fn side(words: &[&str], variables: &Variables) -> Result<(AddressSet, PortSet), HeaderError> {
    match words {
        [] => Ok((AddressSet::any(), PortSet::any())),
        [address] => Ok((AddressSet::parse(address, variables)?, PortSet::any())),
        [address, port] => Ok((
            AddressSet::parse(address, variables)?,
            PortSet::parse(port, variables)?,
        )),
        _ => Err(HeaderError::Shape),
    }
}
