//! The wizard: says which service a flow speaks from the first bytes of either
//! direction, on any port.
//!
//! It recognises a protocol by what its specification puts at the start of a
//! stream or into a datagram, never by port: what to assume of a port whose bytes
//! say nothing is for the flow to decide (`ports`). It holds no bytes. `pattern` is
//! the table of streams, `datagram` that of datagrams; the rest is how they look.

mod ber;
mod binary;
mod datagram;
mod fuzz;
mod http;
mod lines;
mod pattern;

pub use datagram::identify_datagram;
pub use fuzz::fuzz_wizard;

use pattern::{Answer, CLIENT, SERVER};

/// Bytes of one direction after which the wizard gives up on it.
pub const MAX_PREFIX: usize = 8192;

/// What the wizard knows so far of one flow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wizard {
    client_ruled_out: bool,
    server_ruled_out: bool,
}

/// The wizard's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identification {
    /// Ask again with more bytes, or with the other direction's.
    Undecided,
    /// The flow speaks this service (named as `service:` in rules spells it).
    Service(&'static str),
    /// Neither direction begins like anything known; asking again is of no use.
    Unknown,
}

impl Wizard {
    /// `prefix`: the first bytes of one direction, from the start of its stream, as far
    /// as they have come. Call with a longer prefix as more arrive.
    pub fn identify(&mut self, to_server: bool, prefix: &[u8]) -> Identification {
        let prefix = prefix.get(..MAX_PREFIX).unwrap_or(prefix);
        let (patterns, ruled_out) = if to_server {
            (CLIENT, &mut self.client_ruled_out)
        } else {
            (SERVER, &mut self.server_ruled_out)
        };
        if !*ruled_out {
            let mut more = false;
            for pattern in patterns {
                match (pattern.test)(prefix) {
                    Answer::Yes => return Identification::Service(pattern.service),
                    // Patterns stand in order of precedence: a later one may not win
                    // while an earlier one is still possible.
                    Answer::More => {
                        more = true;
                        break;
                    }
                    Answer::No => {}
                }
            }
            *ruled_out = !more || prefix.len() >= MAX_PREFIX;
        }
        if self.client_ruled_out && self.server_ruled_out {
            Identification::Unknown
        } else {
            Identification::Undecided
        }
    }

    /// Whether the bytes of this direction have been ruled out: they need not be shown
    /// again, though the other direction may still name the service.
    pub fn is_ruled_out(&self, to_server: bool) -> bool {
        if to_server {
            self.client_ruled_out
        } else {
            self.server_ruled_out
        }
    }
}

#[cfg(test)]
mod tests;
