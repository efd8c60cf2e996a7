//! Address and port variables of rule headers.

use std::collections::BTreeMap;

use super::{AddressSet, HeaderError, PortSet};

/// Named address and port sets. [`Variables::stock`] are those of a stock Snort 3.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    addresses: BTreeMap<Box<str>, AddressSet>,
    ports: BTreeMap<Box<str>, PortSet>,
    paths: BTreeMap<Box<str>, Box<str>>,
}

/// Networks that a stock configuration names; all of them are `any`.
const STOCK_NETWORKS: [&str; 10] = [
    "HOME_NET",
    "EXTERNAL_NET",
    "DNS_SERVERS",
    "FTP_SERVERS",
    "HTTP_SERVERS",
    "SIP_SERVERS",
    "SMTP_SERVERS",
    "SQL_SERVERS",
    "SSH_SERVERS",
    "TELNET_SERVERS",
];

/// `HTTP_PORTS` of a stock configuration.
const HTTP_PORTS: &[u16] = &[
    80, 81, 311, 383, 591, 593, 901, 1220, 1414, 1741, 1830, 2301, 2381, 2809, 3037, 3128, 3702,
    4343, 4848, 5250, 6988, 7000, 7001, 7144, 7145, 7510, 7777, 7779, 8000, 8008, 8014, 8028, 8080,
    8085, 8088, 8090, 8118, 8123, 8180, 8181, 8243, 8280, 8300, 8800, 8888, 8899, 9000, 9060, 9080,
    9090, 9091, 9443, 9999, 11371, 34443, 34444, 41080, 50002, 55555,
];
const MAIL_PORTS: &[u16] = &[110, 143];

impl Variables {
    /// No variables.
    pub fn none() -> Variables {
        Variables::default()
    }

    /// The variables of a stock Snort 3: every network is `any`.
    pub fn stock() -> Variables {
        let single = |ports: &[u16]| ports.iter().map(|p| (*p, *p)).collect::<Vec<_>>();
        let ports = [
            ("FTP_PORTS", single(&[21, 2100, 3535])),
            ("HTTP_PORTS", single(HTTP_PORTS)),
            ("MAIL_PORTS", single(MAIL_PORTS)),
            ("ORACLE_PORTS", vec![(1024, u16::MAX)]),
            ("SIP_PORTS", single(&[5060, 5061, 5600])),
            ("SSH_PORTS", single(&[22])),
            (
                "FILE_DATA_PORTS",
                single(&[HTTP_PORTS, MAIL_PORTS].concat()),
            ),
        ];
        Variables {
            paths: BTreeMap::new(),
            addresses: STOCK_NETWORKS
                .iter()
                .map(|name| (Box::from(*name), AddressSet::any()))
                .collect(),
            ports: ports
                .into_iter()
                .map(|(name, ranges)| (Box::from(name), PortSet::from_unsorted(ranges)))
                .collect(),
        }
    }

    /// Sets a network from its text, which may name variables that are set already.
    pub fn set_address(&mut self, name: &str, text: &str) -> Result<(), HeaderError> {
        let set = AddressSet::parse(text, self)?;
        self.addresses.insert(name.into(), set);
        Ok(())
    }

    /// Sets a port list from its text, which may name variables that are set already.
    pub fn set_port(&mut self, name: &str, text: &str) -> Result<(), HeaderError> {
        let set = PortSet::parse(text, self)?;
        self.ports.insert(name.into(), set);
        Ok(())
    }

    /// Sets what a `var` of Snort 2 may be: addresses, ports or a path, all that it can be
    /// read as. A path can be anything, so only an unknown variable in it is an error.
    pub(super) fn set_any(&mut self, name: &str, text: &str) -> Result<(), HeaderError> {
        let address = self.set_address(name, text);
        let port = self.set_port(name, text);
        if let (Err(error), Err(_), true) = (address, port, text.contains('$')) {
            let path = self.expand_path(text);
            if path.contains('$') {
                return Err(error);
            }
        }
        let path = self.expand_path(text);
        self.paths.insert(name.into(), path.into());
        Ok(())
    }

    /// A path with its `$NAME` parts replaced; unknown ones stay.
    pub(super) fn expand_path(&self, path: &str) -> String {
        let mut parts = path.split('$');
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(part.len());
            let (name, rest) = part.split_at_checked(end).unwrap_or((part, ""));
            if let Some(value) = self.paths.get(name) {
                out.push_str(value);
            } else {
                out.push('$');
                out.push_str(name);
            }
            out.push_str(rest);
        }
        out
    }

    pub(super) fn address(&self, name: &str) -> Result<&AddressSet, HeaderError> {
        self.addresses
            .get(name)
            .ok_or_else(|| HeaderError::UnknownVariable { name: name.into() })
    }

    pub(super) fn port(&self, name: &str) -> Result<&PortSet, HeaderError> {
        self.ports
            .get(name)
            .ok_or_else(|| HeaderError::UnknownVariable { name: name.into() })
    }
}
