//! Connections of SMB, as messages.

use super::*;
use crate::{
    buffers::BufferId,
    service_inspectors::{
        dce::{
            ByteOrder::Little,
            testing::{FIRST, LAST, WHOLE, answer, propose, request, response},
        },
        testing::{Seen, joined, run, same_at_every_cut},
    },
};

mod limits;
mod smb1;
mod smb2;
mod streams;

type Conversation = Vec<(bool, Vec<u8>)>;

fn new() -> Box<dyn ServiceInspector> {
    Box::new(Smb::default())
}

/// A session packet of type 0.
fn packet(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[1..], message].concat()
}

/// What a unit shows: the length of its payload, its file and what is said in its pipe.
type Shown = (usize, Option<String>, Option<String>);

fn shown(seen: &[Seen]) -> Vec<Shown> {
    let shown = seen.iter().map(|unit| {
        let mut fresh = unit.fresh.iter();
        let file = fresh.find(|(id, _)| *id == BufferId::FileData);
        let file = file.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
        (unit.payload.len(), file, unit.dce.clone())
    });
    shown.collect()
}

/// Files and facts that a conversation shows wherever it is cut, without the units that show
/// neither.
fn tells(name: &str, conversation: &Conversation) -> Vec<String> {
    let (seen, verdict) = same_at_every_cut(&new, conversation, &[], &Config::default());
    assert_eq!(verdict, Verdict::Continue, "{name}");
    let told = shown(&seen).into_iter().filter_map(|(_, file, dce)| {
        let told: Vec<String> = file.into_iter().chain(dce).collect();
        (!told.is_empty()).then(|| told.join(" + "))
    });
    told.collect()
}

fn bind() -> Vec<u8> {
    propose(Little, 11, &[(0, 3)])
}

fn accepted() -> Vec<u8> {
    answer(12, b"\\PIPE\\srvsvc\0", &[0])
}

const ASKED: &str = "v3 op 7 first Little";

fn ask() -> Vec<u8> {
    request((WHOLE, 1), (0, 7), b"ask")
}

fn told() -> Vec<u8> {
    response((WHOLE, 1), 0, b"told")
}
