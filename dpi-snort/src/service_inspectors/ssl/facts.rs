//! What `ssl_state` and `ssl_version` ask for.

/// What is known at a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SslFacts {
    /// Messages that the unit holds, or begins.
    pub states: SslStates,
    /// Versions that either end has stated so far.
    pub versions: SslVersions,
}

/// Kinds of messages, as `ssl_state` names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SslStates(u8);

/// Versions, as `ssl_version` names them. TLS 1.3 calls itself 1.2 where this looks (RFC 8446
/// §4.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SslVersions(u8);

impl SslStates {
    const NAMES: [&'static str; 5] = [
        "client_hello",
        "server_hello",
        "client_keyx",
        "server_keyx",
        "unknown",
    ];

    /// The one of this name.
    pub fn named(name: &str) -> Option<SslStates> {
        bit_of(&Self::NAMES, name).map(SslStates)
    }

    /// The message of a `HandshakeType` (RFC 5246 §7.4, RFC 8446 §B.3); of one that is told by
    /// no state, none.
    pub(super) fn of_message(kind: u8) -> SslStates {
        let name = match kind {
            1 => "client_hello",
            2 => "server_hello",
            16 => "client_keyx",
            12 => "server_keyx",
            0 | 3..=5 | 8 | 11 | 13..=15 | 20..=22 | 24 => return SslStates::default(),
            _ => "unknown",
        };
        SslStates::named(name).unwrap_or_default()
    }

    /// All of both.
    #[must_use]
    pub const fn and(self, more: SslStates) -> SslStates {
        SslStates(self.0 | more.0)
    }

    /// Whether any is in both.
    pub const fn intersects(self, other: SslStates) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl SslVersions {
    const NAMES: [&'static str; 5] = ["sslv2", "sslv3", "tls1.0", "tls1.1", "tls1.2"];

    /// The one of this name.
    pub fn named(name: &str) -> Option<SslVersions> {
        bit_of(&Self::NAMES, name).map(SslVersions)
    }

    /// The version as it is sent, major number first; of one without a name, none.
    pub(super) fn of(version: [u8; 2]) -> SslVersions {
        let name = match version {
            [0, 2] => "sslv2",
            [3, 0] => "sslv3",
            [3, 1] => "tls1.0",
            [3, 2] => "tls1.1",
            [3, 3] => "tls1.2",
            _ => return SslVersions::default(),
        };
        SslVersions::named(name).unwrap_or_default()
    }

    /// All of both.
    #[must_use]
    pub const fn and(self, more: SslVersions) -> SslVersions {
        SslVersions(self.0 | more.0)
    }

    /// Whether any is in both.
    pub const fn intersects(self, other: SslVersions) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

fn bit_of(names: &[&str], name: &str) -> Option<u8> {
    let at = names.iter().position(|known| *known == name)?;
    Some(1 << at)
}
