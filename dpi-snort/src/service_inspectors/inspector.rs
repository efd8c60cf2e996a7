//! What every service inspector offers to the stream that feeds it.

use crate::{buffers::BufferSource, builtin::EventSet, config::Config};

/// Reader of one flow's protocol. It gets each direction's bytes in order, cut at any
/// place, and says which messages they make.
pub trait ServiceInspector: Send {
    /// Name of the service, as `service:` in rules spells it.
    fn service(&self) -> &'static str;

    /// Takes the next bytes of one direction; calls `emit` for each message or section
    /// of one that they complete, in order. After [`Verdict::Abandon`] it is not
    /// called again and the flow goes on as a plain stream.
    fn feed(&mut self, feed: &Feed<'_>, emit: &mut dyn FnMut(&Pdu<'_>)) -> Verdict;

    /// `lost` bytes of one direction will never come.
    fn gap(&mut self, to_server: bool, lost: u64, config: &Config, emit: Emit<'_>) -> Verdict;

    /// One direction is closed: whatever is half read and can be judged is emitted.
    fn finish(&mut self, to_server: bool, config: &Config, emit: Emit<'_>);

    /// Heap bytes held, for the engine's budget.
    fn memory(&self) -> usize;

    /// Calls `count` with the counter's label for each limit that was hit since the last
    /// call without ending the inspection (a decompression cap, say).
    fn limits_hit(&mut self, _count: &mut dyn FnMut(&'static str)) {}

    /// What was found odd about the bytes since the last call, beside what the units' own
    /// [`BufferSource::oddities`] say.
    fn oddities(&mut self) -> EventSet {
        EventSet::EMPTY
    }
}

/// What inspectors give their messages to.
pub type Emit<'e> = &'e mut dyn FnMut(&Pdu<'_>);

/// The next bytes of one direction of a flow.
#[derive(Clone, Copy)]
pub struct Feed<'a> {
    /// Client to server.
    pub to_server: bool,
    /// In-order bytes, each given once.
    pub data: &'a [u8],
    /// Limits.
    pub config: &'a Config,
}

/// A message, or a section of one, to be judged by the rules.
#[derive(Clone, Copy)]
pub struct Pdu<'a> {
    /// Client to server.
    pub to_server: bool,
    /// `pkt_data` of the rebuilt packet; may be empty while `size` is not.
    pub payload: &'a [u8],
    /// `dsize`: bytes of the stream that this message or section took.
    pub size: u32,
    /// The buffers that rules name.
    pub buffers: &'a dyn BufferSource,
}

/// Whether an inspector goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// More bytes, please.
    Continue,
    /// Not this protocol, or beyond repair: the rest is a plain stream. The reason is
    /// a counter's label.
    Abandon(&'static str),
    /// What follows is ciphertext: nothing more of the flow is worth inspecting.
    Encrypted,
    /// What follows is another protocol that this one does not name: the wizard is to look
    /// at it as at a new stream.
    Restart {
        /// A counter's label.
        reason: &'static str,
        /// Bytes of the feed that belong to what was before.
        taken: usize,
    },
}
