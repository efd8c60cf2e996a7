//! Requests whose end is in dispute: fields that contradict each other let one server find
//! the next request where another finds a body (request smuggling). The bytes are read in
//! every way that a server might; the readings that differ from the one taken are *rivals*,
//! and end when they agree with it again.

use std::sync::Arc;

use crate::{
    config::Config,
    service_inspectors::{Emit, Feed, Pdu, ServiceInspector, Verdict},
};

use super::{
    Http,
    message::Request,
    parser::{Framing, Parser},
    start_body,
};

/// How a request's body may end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Readings {
    /// As Snort reads it.
    pub(super) taken: Framing,
    /// As other servers might.
    pub(super) rivals: Vec<Framing>,
}

/// The other readings of one client.
#[derive(Debug, Default)]
pub(super) struct Rivals {
    /// At most [`MAX_RIVALS`].
    readers: Vec<Http>,
    /// These are rivals themselves, and have none.
    are_barred: bool,
}

/// Readings beside the one taken: each costs as much as that.
pub(super) const MAX_RIVALS: usize = 2;

impl Rivals {
    pub(super) fn is_empty(&self) -> bool {
        self.readers.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.readers.clear();
    }

    /// Begins a reader for each framing, behind the head of `request`, which was given out.
    /// Readings that are already under way are not added to: their requests are the dispute.
    pub(super) fn begin(&mut self, framings: &[Framing], request: &Arc<Request>) {
        if self.are_barred || !self.readers.is_empty() {
            return;
        }
        for framing in framings.iter().take(MAX_RIVALS) {
            let mut reader = Http::default();
            reader.rivals.are_barred = true;
            reader.client.started = true;
            reader.client.parser.start_body(*framing);
            if *framing == Framing::Chunked {
                // Else the body is searched as the reading taken has it.
                reader.request = Some(Arc::clone(request));
                start_body(&mut reader.client.body, &request.headers, true);
            }
            self.readers.push(reader);
        }
    }

    /// Lets every rival read on. Those that are where `met` is now agree with it and end;
    /// those that cannot read on end too.
    pub(super) fn feed_until(
        &mut self,
        data: &[u8],
        config: &Config,
        met: Option<&Parser>,
        emit: Emit<'_>,
    ) {
        self.readers.retain_mut(|reader| {
            let feed = Feed {
                to_server: true,
                data,
                config,
            };
            // What a rival could not read has been searched by the reading taken.
            let mut emit_messages = |pdu: &Pdu<'_>| {
                let mut is_message = false;
                pdu.buffers.fresh(&mut |_, _| is_message = true);
                if is_message {
                    emit(pdu);
                }
            };
            reader.feed(&feed, &mut emit_messages) == Verdict::Continue
                && met.is_none_or(|met| reader.client.parser != *met)
        });
    }

    /// The client has ended.
    pub(super) fn finish(&mut self, config: &Config, emit: Emit<'_>) {
        for reader in &mut self.readers {
            reader.finish(true, config, emit);
        }
        self.readers.clear();
    }

    pub(super) fn memory(&self) -> usize {
        self.readers.iter().map(ServiceInspector::memory).sum()
    }
}
