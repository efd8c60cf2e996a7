//! What detection remembers of a flow.

use smallvec::SmallVec;

use super::{Flowbits, held_search::HeldSearch};
use crate::parser::RuleId;

/// Rules remembered for each direction; beyond that a rule may alert once more on the PDU.
const MAX_REMEMBERED: usize = 64;

/// Detection's memory of one flow. It holds names and ids only, no index into a
/// [`Detection`](super::Detection) but in [`HeldSearch`], which knows the rules that it is for,
/// so rules may be swapped under it.
#[derive(Clone, Debug, Default)]
pub struct FlowState {
    /// Bits that rules have set; they hold in both directions.
    pub flowbits: Flowbits,
    alerted: [SmallVec<[RuleId; 1]>; 2],
    /// Whether a rule has ended reassembly (`stream_reassemble`), to the server and to the
    /// client.
    apart: [bool; 2],
    /// What was found in bytes that are held, to the server and to the client.
    held: [Option<Box<HeldSearch>>; 2],
}

impl FlowState {
    /// A PDU of this direction was flushed and inspected: what alerted on its raw segments,
    /// or on a look at it, is forgotten.
    pub fn flushed(&mut self, to_server: bool) {
        self.alerted_mut(to_server).clear();
    }

    /// Notes that a rule alerted on a raw segment, or on a look at a stream: it will not
    /// alert again on the plain PDU that holds the same bytes.
    pub(crate) fn note(&mut self, to_server: bool, rule: RuleId) {
        let alerted = self.alerted_mut(to_server);
        if alerted.len() < MAX_REMEMBERED && !alerted.contains(&rule) {
            alerted.push(rule);
        }
    }

    /// Whether a rule has alerted since the last flush.
    pub(crate) fn has_alerted(&self, to_server: bool, rule: RuleId) -> bool {
        let [client, server] = &self.alerted;
        let side = if to_server { client } else { server };
        side.contains(&rule)
    }

    /// Whether segments of this direction are put together.
    pub fn is_reassembled(&self, to_server: bool) -> bool {
        let [to_server_apart, to_client_apart] = self.apart;
        !(if to_server {
            to_server_apart
        } else {
            to_client_apart
        })
    }

    /// Goes on putting segments of a direction together, or ends that.
    pub(crate) fn set_reassembled(&mut self, to_server: bool, reassembled: bool) {
        let [to_server_apart, to_client_apart] = &mut self.apart;
        let apart = if to_server {
            to_server_apart
        } else {
            to_client_apart
        };
        *apart = !reassembled;
    }

    /// The stream bytes that are judged next begin with so many that were judged before, as
    /// what was held then.
    pub(crate) fn looked_at(&mut self, to_server: bool, bytes: usize) {
        let held = self.held_mut(to_server);
        if held.as_ref().is_some_and(|held| held.bytes != bytes) {
            *held = None;
        }
    }

    /// What was found in the bytes that are held.
    pub(super) fn held_mut(&mut self, to_server: bool) -> &mut Option<Box<HeldSearch>> {
        let [client, server] = &mut self.held;
        if to_server { client } else { server }
    }

    fn alerted_mut(&mut self, to_server: bool) -> &mut SmallVec<[RuleId; 1]> {
        let [client, server] = &mut self.alerted;
        if to_server { client } else { server }
    }
}
