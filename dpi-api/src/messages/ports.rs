//! The ports that the loaded rules can match, as the kernel's prefilter takes them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes of a bitmap of all ports.
pub const PORT_BYTES: usize = 65_536 / 8;

/// What is to be handed over. A TCP or UDP packet matters if either of its ports is in
/// the bitmap of its protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortMap {
    /// TCP ports.
    pub tcp: PortBytes,
    /// UDP ports.
    pub udp: PortBytes,
    /// Whether a rule asks for ICMP or `ICMPv6`.
    pub icmp: bool,
    /// Whether a rule asks for other protocols over IP.
    pub other: bool,
}

/// One bit a port: port `p` is bit `p % 8` of byte `p / 8`.
#[derive(Clone, PartialEq, Eq)]
pub struct PortBytes(Box<[u8; PORT_BYTES]>);

impl PortMap {
    /// Every port and protocol.
    pub fn all() -> Self {
        Self {
            tcp: PortBytes::all(),
            udp: PortBytes::all(),
            icmp: true,
            other: true,
        }
    }
}

impl PortBytes {
    /// No port.
    pub fn none() -> Self {
        Self(Box::new([0; PORT_BYTES]))
    }

    /// Every port.
    pub fn all() -> Self {
        Self(Box::new([0xff; PORT_BYTES]))
    }

    /// Adds `port`.
    pub fn insert(&mut self, port: u16) {
        if let Some(byte) = self.0.get_mut(usize::from(port / 8)) {
            *byte |= 1 << (port % 8);
        }
    }

    /// Whether `port` is in.
    pub fn contains(&self, port: u16) -> bool {
        let byte = self.0.get(usize::from(port / 8)).copied().unwrap_or(0);
        byte & (1 << (port % 8)) != 0
    }

    /// The bitmap whose word `w` holds the ports `64 w` to `64 w + 63`, lowest bit first.
    pub fn from_words(words: &[u64; PORT_BYTES / 8]) -> Self {
        let mut bytes = Self::none();
        for (eight, word) in bytes.0.chunks_exact_mut(8).zip(words) {
            eight.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// The ports that are in, rising.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (0..=u16::MAX).filter(|port| self.contains(*port))
    }

    /// Whether every port is in.
    pub fn is_all(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0xff)
    }

    /// Number of ports that are in.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|byte| byte.count_ones()).sum()
    }

    /// The bitmap.
    pub fn as_bytes(&self) -> &[u8; PORT_BYTES] {
        &self.0
    }
}

impl From<&[u8; PORT_BYTES]> for PortBytes {
    fn from(bytes: &[u8; PORT_BYTES]) -> Self {
        Self(Box::new(*bytes))
    }
}

impl fmt::Debug for PortBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ports", self.count())
    }
}

impl Serialize for PortBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_slice())
    }
}

impl<'de> Deserialize<'de> for PortBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = PortBytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a bitmap of {PORT_BYTES} bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<PortBytes, E> {
                <&[u8; PORT_BYTES]>::try_from(bytes)
                    .map(PortBytes::from)
                    .map_err(|_| E::invalid_length(bytes.len(), &self))
            }
        }

        deserializer.deserialize_bytes(Visitor)
    }
}
