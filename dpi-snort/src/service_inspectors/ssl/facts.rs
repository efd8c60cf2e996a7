//! What `ssl_state` and `ssl_version` ask for.

/// What is known at a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SslFacts {
    /// Messages that the unit holds whole: those that `ssl_state` names.
    pub states: SslWords,
    /// Versions that either end has stated so far: those that `ssl_version` names. TLS 1.3 calls
    /// itself 1.2 where this looks (RFC 8446 §4.1.2).
    pub versions: SslWords,
}

/// Words of one of the two options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SslWords(u8);

impl SslWords {
    const STATES: [&'static str; 5] = [
        "client_hello",
        "server_hello",
        "client_keyx",
        "server_keyx",
        "unknown",
    ];
    const VERSIONS: [&'static str; 5] = ["sslv2", "sslv3", "tls1.0", "tls1.1", "tls1.2"];

    /// One of `ssl_state`.
    pub fn state(name: &str) -> Option<SslWords> {
        SslWords::of(&Self::STATES, name)
    }

    /// One of `ssl_version`.
    pub fn version(name: &str) -> Option<SslWords> {
        SslWords::of(&Self::VERSIONS, name)
    }

    /// The state of a `HandshakeType` (RFC 5246 §7.4, RFC 8446 §B.3); of one that is told by no
    /// state, none.
    pub(super) fn of_message(kind: u8) -> SslWords {
        let name = match kind {
            1 => "client_hello",
            2 => "server_hello",
            16 => "client_keyx",
            12 => "server_keyx",
            0 | 3..=5 | 8 | 11 | 13..=15 | 20..=22 | 24 => return SslWords::default(),
            _ => "unknown",
        };
        SslWords::state(name).unwrap_or_default()
    }

    /// The version as it is sent, major number first; of one without a name, none.
    pub(super) fn of_version(version: [u8; 2]) -> SslWords {
        let name = match version {
            [0, 2] => "sslv2",
            [3, 0] => "sslv3",
            [3, 1] => "tls1.0",
            [3, 2] => "tls1.1",
            [3, 3] => "tls1.2",
            _ => return SslWords::default(),
        };
        SslWords::version(name).unwrap_or_default()
    }

    /// All of both.
    #[must_use]
    pub const fn and(self, more: SslWords) -> SslWords {
        SslWords(self.0 | more.0)
    }

    /// Whether any is in both.
    pub const fn intersects(self, other: SslWords) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn of(names: &[&str], name: &str) -> Option<SslWords> {
        let at = names.iter().position(|known| *known == name)?;
        Some(SslWords(1 << at))
    }
}
