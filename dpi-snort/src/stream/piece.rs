//! What a reader is lent, and what it gives to be judged.

use crate::{
    builtin::{BuiltinEvent, EventSet},
    config::Config,
    service_inspectors::{Announced, Pdu, ServiceInspector},
    stats::Stats,
};

/// What is to be judged.
pub enum Piece<'a> {
    /// Some bytes of a plain stream.
    Stream {
        /// Client to server.
        to_server: bool,
        /// The bytes.
        data: &'a [u8],
        /// How many of them were given before, when they were looked at.
        looked: usize,
        /// Whether they are flushed; else they are only looked at, and come again.
        is_flushed: bool,
    },
    /// A message of a service, or a section of one.
    Pdu {
        /// The service.
        service: &'static str,
        /// The message.
        pdu: &'a Pdu<'a>,
    },
}

/// What a reader is lent for a while.
pub struct ReaderContext<'e> {
    /// Limits.
    pub config: &'e Config,
    /// Counters.
    pub stats: &'e mut Stats,
    /// The flow's service, set once it is known.
    pub service: &'e mut Option<&'static str>,
    /// What was found odd meanwhile.
    pub events: EventSet,
    /// Connections that were announced meanwhile.
    pub announced: Vec<Announced>,
}

impl ReaderContext<'_> {
    /// Notes what an inspector says of limits and oddities.
    pub(super) fn note(&mut self, inspector: &mut dyn ServiceInspector) {
        inspector.limits_hit(&mut |label| {
            self.stats.count_label(label);
            self.events.extend(event_of(label));
        });
        self.events.extend(inspector.oddities());
    }
}

pub(super) fn event_of(label: &str) -> EventSet {
    let mut events = EventSet::EMPTY;
    if let Some(event) = BuiltinEvent::of_label(label) {
        events.insert(event);
    }
    events
}
