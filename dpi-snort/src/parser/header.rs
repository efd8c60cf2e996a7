//! The part of a rule before its parenthesis.

use std::{net::IpAddr, ops::Range};

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
    /// Reads the words between action and parenthesis. An error comes with the index of the
    /// word at fault; where one is missing that is the number of words.
    pub(super) fn parse(
        words: &[&str],
        variables: &Variables,
    ) -> Result<RuleHeader, (usize, HeaderError)> {
        let protocol = match words.first() {
            Some(word) => Protocol::parse(word).map_err(|error| (0, error))?,
            None => Protocol::Service(Box::default()),
        };
        let mut header = RuleHeader {
            protocol,
            src: AddressSet::any(),
            src_ports: PortSet::any(),
            dst: AddressSet::any(),
            dst_ports: PortSet::any(),
            bidirectional: false,
        };
        if words.len() <= 1 {
            return Ok(header);
        }
        let arrow = words.iter().position(|w| matches!(*w, "->" | "<>"));
        let Some(at) = arrow else {
            return Err(match words.get(3) {
                Some(found) => {
                    let found = (*found).into();
                    (3, HeaderError::Direction { found })
                }
                None => (words.len(), HeaderError::Shape),
            });
        };
        header.bidirectional = words.get(at) == Some(&"<>");
        (header.src, header.src_ports) = side(words, 1..at, variables)?;
        let behind = at.saturating_add(1)..words.len();
        (header.dst, header.dst_ports) = side(words, behind, variables)?;
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

/// Address and ports of one side: the words of a range.
fn side(
    words: &[&str],
    range: Range<usize>,
    variables: &Variables,
) -> Result<(AddressSet, PortSet), (usize, HeaderError)> {
    let start = range.start;
    let address = |text| AddressSet::parse(text, variables).map_err(|error| (start, error));
    let port_at = start.saturating_add(1);
    match words.get(range).unwrap_or_default() {
        [] => Ok((AddressSet::any(), PortSet::any())),
        [text] => Ok((address(text)?, PortSet::any())),
        [text, ports] => {
            let ports = PortSet::parse(ports, variables);
            Ok((address(text)?, ports.map_err(|error| (port_at, error))?))
        }
        _ => Err((start.saturating_add(2), HeaderError::Shape)),
    }
}
