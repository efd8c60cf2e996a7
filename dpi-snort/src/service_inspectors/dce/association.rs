//! What two ends have agreed on, and their calls: contexts, requests, responses, and the
//! fragments of both put together.

use super::{
    facts::{DceFacts, Interface},
    pdu::{Body, Header, Stub, proposed, results},
};
use crate::{config::Config, flow::Sides, service_inspectors::labels::Labels};

/// One association, over TCP or in a pipe.
#[derive(Debug, Default)]
pub(in crate::service_inspectors) struct Association {
    contexts: Vec<Context>,
    /// Contexts whose answer is to come, in the order in which they were proposed.
    proposed: Vec<u16>,
    /// Calls under way, the oldest first.
    calls: Vec<Call>,
    /// What was put together last.
    whole: Joined,
}

#[derive(Clone, Copy, Debug)]
struct Context {
    id: u16,
    /// `None` once it was refused.
    interface: Option<Interface>,
}

/// A request, until its response has ended.
#[derive(Debug)]
struct Call {
    id: u32,
    opnum: u16,
    /// Fragments of the request and of the response.
    joined: Sides<Joined>,
}

/// Fragments put together.
#[derive(Debug, Default)]
struct Joined {
    /// The header of the first and the stubs of all.
    bytes: Vec<u8>,
    /// Where the stubs begin.
    at: usize,
    /// Fragments are missing in front.
    is_cut: bool,
}

/// A request or a response, or a fragment of one.
#[derive(Clone, Copy, Debug)]
pub(in crate::service_inspectors) struct Spoken<'a> {
    /// The PDU, or what fragments came to together.
    pub(in crate::service_inspectors) bytes: &'a [u8],
    /// The latter.
    pub(in crate::service_inspectors) is_joined: bool,
    pub(in crate::service_inspectors) facts: DceFacts<'a>,
}

/// What a PDU says of one end of a call.
struct Said<'a> {
    header: Header,
    of: Stub<'a>,
    pdu: &'a [u8],
}

impl<'a> Said<'a> {
    fn new(header: Header, of: Stub<'a>, pdu: &'a [u8]) -> Said<'a> {
        Said { header, of, pdu }
    }
}

impl Association {
    /// Takes a whole PDU; gives what rules may ask of it. Of a fragment that completes others
    /// that is what all of them come to, as in Snort.
    pub(in crate::service_inspectors) fn take<'a>(
        &'a mut self,
        pdu: &'a [u8],
        config: &Config,
        limits_hit: &mut Labels,
    ) -> Option<Spoken<'a>> {
        self.whole = Joined::default();
        let header = Header::of(pdu)?.ok()?;
        match header.body(pdu) {
            Body::Proposal(fields) => {
                self.propose(proposed(fields), config.dce_max_contexts, limits_hit);
            }
            Body::Results(fields) => self.answer(results(fields)),
            Body::Refusal => self.answer(std::iter::empty()),
            Body::Request { opnum, spoken } => {
                self.begin(header, opnum, config.dce_max_calls, limits_hit);
                return Some(self.spoken(&Said::new(header, spoken, pdu), config, limits_hit));
            }
            Body::Response(spoken) => {
                return Some(self.spoken(&Said::new(header, spoken, pdu), config, limits_hit));
            }
            Body::End => self.calls.retain(|call| call.id != header.call),
            Body::Other => {}
        }
        None
    }

    /// Bytes held.
    pub(in crate::service_inspectors) fn memory(&self) -> usize {
        let calls: usize = self.calls.iter().map(Call::memory).sum();
        let contexts = self
            .contexts
            .capacity()
            .saturating_mul(size_of::<Context>());
        calls
            .saturating_add(contexts)
            .saturating_add(self.whole.bytes.capacity())
    }

    fn propose(
        &mut self,
        contexts: impl Iterator<Item = (u16, Interface)>,
        limit: usize,
        limits_hit: &mut Labels,
    ) {
        self.proposed.clear();
        for (id, interface) in contexts {
            self.contexts.retain(|context| context.id != id);
            let context = Context {
                id,
                interface: Some(interface),
            };
            limits_hit.push("dce_max_contexts", &mut self.contexts, limit, context);
            self.proposed.push(id);
        }
    }

    /// The answer to what was proposed; what it does not name is refused. Without any answer
    /// all of it counts, as in Snort.
    fn answer(&mut self, mut accepted: impl Iterator<Item = bool>) {
        for id in std::mem::take(&mut self.proposed) {
            if !accepted.next().unwrap_or(false) {
                let mut contexts = self.contexts.iter_mut();
                if let Some(context) = contexts.find(|context| context.id == id) {
                    context.interface = None;
                }
            }
        }
    }

    fn begin(&mut self, header: Header, opnum: u16, limit: usize, limits_hit: &mut Labels) {
        if header.is_first() {
            self.calls.retain(|call| call.id != header.call);
        }
        if let Some(call) = self.call(header.call) {
            call.opnum = opnum;
            return;
        }
        let call = Call {
            id: header.call,
            opnum,
            joined: Sides::default(),
        };
        limits_hit.push("dce_max_calls", &mut self.calls, limit, call);
    }

    fn call(&mut self, id: u32) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.id == id)
    }

    fn spoken<'a>(
        &'a mut self,
        said: &Said<'a>,
        config: &Config,
        limits_hit: &mut Labels,
    ) -> Spoken<'a> {
        let Said { header, of, pdu } = said;
        let mut contexts = self.contexts.iter();
        let context = contexts.find(|context| context.id == of.context);
        let interface = context.and_then(|context| context.interface);
        let opnum = self.call(header.call).map(|call| call.opnum);
        let is_joined = self.join(said, config.dce_max_joined, limits_hit);
        if header.is_last() && !header.is_request() {
            self.calls.retain(|call| call.id != header.call);
        }
        let (bytes, stub, is_first) = if is_joined {
            let Joined { bytes, at, is_cut } = &self.whole;
            (&bytes[..], bytes.get(*at..).unwrap_or_default(), !is_cut)
        } else {
            (*pdu, of.bytes, header.is_first())
        };
        Spoken {
            bytes,
            is_joined,
            facts: DceFacts {
                interface,
                opnum,
                is_first,
                order: header.order,
                stub,
            },
        }
    }

    /// Adds a fragment to those before it; whether `whole` is what they come to: at the last,
    /// or when there are too many bytes.
    fn join(&mut self, said: &Said<'_>, limit: usize, limits_hit: &mut Labels) -> bool {
        let header = &said.header;
        let is_first = header.is_first();
        if is_first && header.is_last() {
            return false;
        }
        self.make_room(said, limit, limits_hit);
        let mut held: usize = self.calls.iter().map(Call::joined_bytes).sum();
        let Some(call) = self.call(header.call) else {
            return false;
        };
        let joined = call.joined.side_mut(header.is_request());
        if is_first {
            held = held.saturating_sub(joined.bytes.len());
            *joined = Joined {
                bytes: said.pdu.get(..said.of.at).unwrap_or_default().to_vec(),
                at: said.of.at,
                is_cut: false,
            };
        } else if joined.bytes.is_empty() {
            // What it belongs to was not seen.
            return false;
        }
        joined.bytes.extend_from_slice(said.of.bytes);
        let is_full = held.saturating_add(said.pdu.len()) > limit;
        if is_full {
            limits_hit.note("dce_max_joined");
        }
        if is_full && !header.is_last() {
            // What follows is joined anew.
            let head = joined.bytes.get(..joined.at).unwrap_or_default().to_vec();
            let next = Joined {
                bytes: head,
                at: joined.at,
                is_cut: true,
            };
            self.whole = std::mem::replace(joined, next);
            return true;
        }
        if header.is_last() {
            self.whole = std::mem::take(joined);
        }
        header.is_last()
    }

    /// Forgets the fragments of other calls if there are too many: they were judged one by one.
    fn make_room(&mut self, said: &Said<'_>, limit: usize, limits_hit: &mut Labels) {
        let id = said.header.call;
        let others = |calls: &[Call]| -> usize {
            let others = calls.iter().filter(|call| call.id != id);
            others.map(Call::joined_bytes).sum()
        };
        let held = others(&self.calls);
        if held > 0 && held.saturating_add(said.pdu.len()) > limit / 2 {
            limits_hit.note("dce_max_joined");
            for call in self.calls.iter_mut().filter(|call| call.id != id) {
                call.joined = Sides::default();
            }
        }
    }
}

impl Call {
    fn joined_bytes(&self) -> usize {
        let Sides { client, server } = &self.joined;
        client.bytes.len().saturating_add(server.bytes.len())
    }

    fn memory(&self) -> usize {
        let Sides { client, server } = &self.joined;
        size_of::<Call>()
            .saturating_add(client.bytes.capacity())
            .saturating_add(server.bytes.capacity())
    }
}
