//! Name-value pairs of a query or a form (`http_param`).

use super::uri::{self, Substitute};

/// Decoded pairs in order.
#[derive(Debug, Default)]
pub(in crate::service_inspectors) struct Params(Vec<(Vec<u8>, Vec<u8>)>);

/// Pairs that are looked at; more are left out.
const MAX_PAIRS: usize = 1000;

impl Params {
    /// Reads `name=value&name=value`.
    pub(super) fn new(text: &[u8]) -> Params {
        let pair = |pair: &[u8]| {
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            let (name, value) = pair.split_at_checked(equals)?;
            Some((decode(name), decode(value.get(1..)?)))
        };
        Params(
            text.split(|byte| *byte == b'&')
                .filter_map(pair)
                .take(MAX_PAIRS)
                .collect(),
        )
    }

    /// The value of the first pair of this name.
    pub(super) fn get(&self, name: &[u8], nocase: bool) -> Option<&[u8]> {
        let is = |own: &[u8]| {
            if nocase {
                own.eq_ignore_ascii_case(name)
            } else {
                own == name
            }
        };
        self.0
            .iter()
            .find(|(own, _)| is(own))
            .map(|(_, value)| value.as_slice())
    }

    pub(super) fn memory(&self) -> usize {
        let pairs = self
            .0
            .iter()
            .map(|(name, value)| name.capacity() + value.capacity());
        pairs.sum::<usize>() + self.0.capacity() * size_of::<(Vec<u8>, Vec<u8>)>()
    }
}

fn decode(text: &[u8]) -> Vec<u8> {
    uri::decode(text, Substitute::Yes)
}
