//! Conversations, and what an inspector makes of them wherever they are cut.

use crate::{
    buffers::{BufferId, BufferPart, BufferSelector, UriPart},
    config::Config,
    service_inspectors::{Feed, Pdu, ServiceInspector, Verdict, dce::DceFacts},
};

/// What one unit shows: its direction, plain buffer, and fresh buffers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    pub(super) to_server: bool,
    pub(super) payload: Vec<u8>,
    pub(super) fresh: Vec<(BufferId, Vec<u8>)>,
    pub(super) answers: Vec<Option<Vec<u8>>>,
    /// Version of the interface, operation, whether it begins here, byte order.
    pub(super) dce: Option<String>,
}

fn described(facts: &DceFacts<'_>) -> String {
    let version = facts.interface.map(|interface| interface.version);
    let (first, order) = (if facts.is_first { "first" } else { "later" }, facts.order);
    let told = |number: Option<u16>| number.map_or("-".to_owned(), |number| number.to_string());
    let (version, opnum) = (told(version), told(facts.opnum));
    format!("v{version} op {opnum} {first} {order:?}")
}

/// Feeds blocks to an inspector; each is cut in two at `cut`.
pub(super) fn run(
    inspector: &mut dyn ServiceInspector,
    conversation: &[(bool, Vec<u8>)],
    cut: usize,
    questions: &[BufferSelector],
    config: &Config,
) -> (Vec<Seen>, Verdict) {
    let mut seen = Vec::new();
    let mut emit = |pdu: &Pdu<'_>| {
        let mut fresh = Vec::new();
        pdu.buffers
            .fresh(&mut |id, bytes| fresh.push((id, bytes.to_vec())));
        seen.push(Seen {
            to_server: pdu.to_server,
            payload: pdu.payload.to_vec(),
            fresh,
            answers: questions
                .iter()
                .map(|question| pdu.buffers.buffer(question).map(<[u8]>::to_vec))
                .collect(),
            dce: pdu.buffers.dce().as_ref().map(described),
        });
    };
    let mut verdict = Verdict::Continue;
    let mut after = Vec::new();
    for (to_server, bytes) in conversation {
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        for data in [first, second].into_iter().filter(|data| !data.is_empty()) {
            let feed = Feed {
                to_server: *to_server,
                data,
                config,
            };
            if verdict == Verdict::Continue {
                verdict = inspector.feed(&feed, &mut emit);
                if let Verdict::Restart { taken, .. } = &mut verdict {
                    after.push((*to_server, data[*taken..].to_vec()));
                    *taken = 0;
                }
            } else if verdict != Verdict::Encrypted {
                after.push((*to_server, data.to_vec()));
            }
        }
    }
    if verdict == Verdict::Continue {
        inspector.finish(true, config, &mut emit);
        inspector.finish(false, config, &mut emit);
    }
    // What comes after the inspector gave up is a plain stream.
    after.retain(|(_, payload)| !payload.is_empty());
    seen.extend(after.into_iter().map(|(to_server, payload)| Seen {
        to_server,
        payload,
        fresh: Vec::new(),
        answers: Vec::new(),
        dce: None,
    }));
    (seen, verdict)
}

/// Every place where a conversation's blocks may be cut gives the same units.
pub(super) fn same_at_every_cut(
    new: &dyn Fn() -> Box<dyn ServiceInspector>,
    blocks: &[(bool, Vec<u8>)],
    questions: &[BufferSelector],
    config: &Config,
) -> (Vec<Seen>, Verdict) {
    let uncut = run(&mut *new(), blocks, usize::MAX, questions, config);
    let lengths = blocks.iter().map(|(_, bytes)| bytes.len());
    for cut in 0..lengths.max().unwrap_or(0) {
        let cut_run = run(&mut *new(), blocks, cut, questions, config);
        assert_eq!(joined(&cut_run.0), joined(&uncut.0), "cut at {cut}");
        assert_eq!(cut_run.1, uncut.1, "cut at {cut}");
    }
    uncut
}

/// Units with plain rests of one direction put together, as where they are cut is no
/// part of their meaning.
pub(super) fn joined(seen: &[Seen]) -> Vec<Seen> {
    let mut out: Vec<Seen> = Vec::new();
    for unit in seen {
        match out.last_mut() {
            Some(last)
                if last.fresh.is_empty()
                    && unit.fresh.is_empty()
                    && (&last.dce, &unit.dce) == (&None, &None)
                    && last.to_server == unit.to_server =>
            {
                last.payload.extend_from_slice(&unit.payload);
            }
            _ => out.push(unit.clone()),
        }
    }
    out
}

pub(super) fn whole(id: BufferId) -> BufferSelector {
    BufferSelector::whole(id)
}

pub(super) fn field(id: BufferId, name: &str) -> BufferSelector {
    BufferSelector {
        id,
        part: BufferPart::Field(name.into()),
        request: false,
    }
}

pub(super) fn uri_part(part: UriPart) -> BufferSelector {
    BufferSelector {
        id: BufferId::HttpUri,
        part: BufferPart::Uri(part),
        request: false,
    }
}

pub(super) fn param(name: &str) -> BufferSelector {
    BufferSelector {
        id: BufferId::HttpParam,
        part: BufferPart::Param(name.into(), false),
        request: false,
    }
}

pub(super) fn of_request(id: BufferId) -> BufferSelector {
    BufferSelector {
        request: true,
        ..whole(id)
    }
}

/// The bytes of one buffer, of all units together.
pub(super) fn fresh_bytes(seen: &[Seen], id: BufferId) -> Vec<u8> {
    let fresh = seen.iter().flat_map(|unit| &unit.fresh);
    fresh
        .filter(|(other, _)| *other == id)
        .flat_map(|(_, bytes)| bytes.clone())
        .collect()
}
