//! What a `file_id` rule says of the first bytes of a file, tried on them as rules are tried on
//! units.

use std::net::{IpAddr, Ipv4Addr};

use dpi_match::pcre::{Limits, MatchScratch};

use super::{
    evaluate::{Evaluation, Outcome},
    scratch::PCRE_HEAP_KIB,
};
use crate::{
    buffers::{BufferId, BufferSelector, BufferSource},
    ips_options::{Context, Cursor, IpsOption},
    packet::{Fragment, IpHeader, Packet, Transport},
    unit::{InspectionUnit, UnitKind},
};

/// Steps for one signature on one file: what it has not found by then is not there.
const MAX_SIGNATURE_STEPS: u32 = 1 << 12;
/// The same for all signatures on one file.
const MAX_STEPS: u32 = 1 << 18;
/// Matches and depth of one expression.
const PCRE_LIMIT: u32 = 1500;

/// Options on the bytes of a file, in the order of their rule.
#[derive(Clone, Debug)]
pub(crate) struct FileSignature {
    options: Box<[IpsOption]>,
    /// A variable may carry a value over an option that resets the cursor.
    has_variables: bool,
}

/// Signatures tried on the beginning of one file.
pub(crate) struct FileTrial<'f> {
    /// Holds the bytes.
    packet: Packet<'f>,
    pcre: MatchScratch,
    steps: u32,
    /// Signatures that were given up at a limit of steps, or at one of PCRE2.
    pub(crate) given_up: u64,
}

/// The file as the buffer `file_data`.
struct FileBuffer<'f>(&'f [u8]);

impl BufferSource for FileBuffer<'_> {
    fn buffer(&self, selector: &BufferSelector) -> Option<&[u8]> {
        (selector.id == BufferId::FileData).then_some(self.0)
    }

    fn fresh<'a>(&'a self, scan: &mut dyn FnMut(BufferId, &'a [u8])) {
        scan(BufferId::FileData, self.0);
    }
}

impl FileSignature {
    pub(crate) fn new(options: &[IpsOption]) -> FileSignature {
        let is_variable = |option: &IpsOption| {
            matches!(option, IpsOption::ByteExtract(_) | IpsOption::ByteMath(_))
        };
        FileSignature {
            has_variables: options.iter().any(is_variable),
            options: options.into(),
        }
    }

    /// Whether an option asks for the bytes of a file and nothing else.
    pub(crate) fn can_have(option: &IpsOption) -> bool {
        match option {
            IpsOption::Buffer(buffer) => buffer.selector.id == BufferId::FileData,
            IpsOption::Flowbits(_) | IpsOption::StreamReassemble(_) | IpsOption::Rpc(_) => false,
            _ => !option.is_header_test(),
        }
    }
}

impl<'f> FileTrial<'f> {
    /// Nothing is tried yet on a file that begins with these bytes.
    pub(crate) fn on(beginning: &'f [u8]) -> FileTrial<'f> {
        FileTrial {
            packet: no_packet(beginning),
            pcre: MatchScratch::new(Limits {
                matches: PCRE_LIMIT,
                depth: PCRE_LIMIT,
                heap_kib: PCRE_HEAP_KIB,
            }),
            steps: MAX_STEPS,
            given_up: 0,
        }
    }

    /// Whether a signature holds.
    pub(crate) fn holds(&mut self, signature: &FileSignature) -> bool {
        let beginning = self.packet.payload;
        let unit = InspectionUnit {
            kind: UnitKind::RebuiltPdu,
            packet: &self.packet,
            payload: beginning,
            raw_payload: beginning,
            buffers: &FileBuffer(beginning),
            flow: None,
            dsize: None,
            packet_number: 0,
        };
        let steps = self.steps.min(MAX_SIGNATURE_STEPS);
        let mut limit_hits = 0;
        let mut evaluation = Evaluation {
            context: Context {
                unit: &unit,
                flowbits: None,
                pcre: &mut self.pcre,
                pcre_limit_hits: &mut limit_hits,
            },
            steps,
        };
        let cursor = Cursor::start_of(beginning);
        let options = &signature.options;
        let outcome = evaluation.options(options, cursor, None, signature.has_variables);
        let left = evaluation.steps;
        self.steps = self.steps.saturating_sub(steps.saturating_sub(left));
        let is_given_up = outcome != Outcome::Match && (left == 0 || limit_hits > 0);
        self.given_up = self.given_up.saturating_add(u64::from(is_given_up));
        outcome == Outcome::Match
    }
}

/// A file is in no packet: no option that a signature can have asks for one.
fn no_packet(payload: &[u8]) -> Packet<'_> {
    let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    Packet {
        ip: IpHeader {
            src: nowhere,
            dst: nowhere,
            protocol: 0,
            ttl: 0,
            tos: 0,
            id: 0,
            fragment: Fragment::default(),
            options: &[],
            payload,
        },
        transport: Transport::Other,
        payload,
        encapsulation: 0,
        rebuilt: false,
        gso_size: 0,
        layers: 0,
    }
}
