//! Evaluates options on bytes, packets and units, for the tables of tests beside each option.

use dpi_match::pcre::{Limits, MatchScratch};

use super::{Context, Cursor, Found, IpsOption};
pub(super) use crate::testing::{packet, tcp};
use crate::{
    buffers::{BufferId, BufferSelector, BufferSource, MessageNumber, NoBuffers},
    file_types::FileTypes,
    packet::Packet,
    parser::{Rule, Variables, parse_text},
    service_inspectors::{dce::DceFacts, sip::SipStart, ssl::SslFacts},
    unit::{FlowView, InspectionUnit, UnitKind},
};

/// Options, payload, the cursor in front of them, and behind them (`None`: one fails).
pub(super) type Row<'a> = (&'a str, &'a [u8], usize, Option<usize>);

/// The rule with these options; the reason if it is refused.
pub(super) fn rule(protocol: &str, options: &str) -> Result<Rule, String> {
    let text = format!("alert {protocol} any any -> any any ({options};)");
    let (rules, errors) = parse_text(text.as_bytes(), "test.rules", &Variables::default());
    match errors.first() {
        Some(error) => Err(error.reason.to_string()),
        None => Ok(rules.into_iter().next().expect("one rule")),
    }
}

/// The options of a rule that is accepted.
pub(super) fn options(text: &str) -> Vec<IpsOption> {
    match rule("tcp", text) {
        Ok(rule) => rule.options,
        Err(reason) => panic!("{text}: {reason}"),
    }
}

/// Each row is refused, for this reason.
pub(super) fn refused(rows: &[(&str, &str)]) {
    for (text, reason) in rows {
        match rule("tcp", text) {
            Ok(_) => panic!("{text} was accepted"),
            Err(found) => assert_eq!(found, *reason, "{text}"),
        }
    }
}

/// Evaluates each row on a payload.
pub(super) fn moves(rows: &[Row<'_>]) {
    for (text, payload, from, expected) in rows {
        let packet = packet(payload);
        let found = run(&options(text), &unit(&packet), *from);
        assert_eq!(found, *expected, "{text} on {payload:02x?} from {from}");
    }
}

/// Whether the options hold on a unit, from the start of its payload.
pub(super) fn holds(text: &str, unit: &InspectionUnit<'_>) -> bool {
    run(&options(text), unit, 0).is_some()
}

/// Evaluates one option after the other, each content at its first match.
fn run(options: &[IpsOption], unit: &InspectionUnit<'_>, from: usize) -> Option<usize> {
    let mut pcre = MatchScratch::new(Limits {
        matches: 1500,
        depth: 1500,
        heap_kib: 1024,
    });
    let mut context = Context {
        unit,
        flowbits: None,
        pcre: &mut pcre,
        pcre_limit_hits: &mut 0,
    };
    let mut cursor = Cursor::start_of(unit.payload);
    cursor.pos = from;
    for option in options {
        let holds = match option {
            IpsOption::Content(content) => match content.find(&cursor, None) {
                Some((_, end)) if !content.negated => cursor.set_pos(i64::try_from(end).ok()?),
                found => content.negated && found.is_none(),
            },
            IpsOption::Pcre(pcre) => match pcre.find(&cursor, None, &mut context) {
                Found::At { end, .. } if !pcre.is_negated() => {
                    cursor.set_pos(i64::try_from(end).ok()?)
                }
                found => pcre.is_negated() && !matches!(found, Found::At { .. }),
            },
            other => other.evaluate(&mut cursor, &mut context),
        };
        if !holds {
            return None;
        }
    }
    Some(cursor.pos)
}

/// A message in the place of an inspector's: two numbers (whether the request is meant, and
/// the value) and the value of every field.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) numbers: &'a [(bool, usize)],
    pub(super) field: Option<&'a [u8]>,
    pub(super) file_types: FileTypes,
    pub(super) dce: Option<DceFacts<'a>>,
    pub(super) ssl: Option<SslFacts>,
    pub(super) sip: Option<SipStart<'a>>,
}

impl BufferSource for Message<'_> {
    fn buffer(&self, _selector: &BufferSelector) -> Option<&[u8]> {
        self.field
    }

    fn file_types(&self) -> FileTypes {
        self.file_types
    }

    fn dce(&self) -> Option<DceFacts<'_>> {
        self.dce
    }

    fn ssl(&self) -> Option<SslFacts> {
        self.ssl
    }

    fn sip(&self) -> Option<SipStart<'_>> {
        self.sip
    }

    fn number(&self, _number: MessageNumber, request: bool) -> Option<usize> {
        let mut numbers = self.numbers.iter();
        numbers.find_map(|(of, value)| (*of == request).then_some(*value))
    }

    fn fresh<'a>(&'a self, _scan: &mut dyn FnMut(BufferId, &'a [u8])) {}
}

/// The packet as the one that completed a message.
pub(super) fn message_unit<'a>(
    packet: &'a Packet<'a>,
    message: &'a Message<'a>,
) -> InspectionUnit<'a> {
    InspectionUnit {
        kind: UnitKind::RebuiltPdu,
        buffers: message,
        ..unit(packet)
    }
}

/// The packet as a raw unit to the server of an established flow.
pub(super) fn unit<'a>(packet: &'a Packet<'a>) -> InspectionUnit<'a> {
    InspectionUnit {
        kind: UnitKind::Raw,
        packet,
        payload: packet.payload,
        raw_payload: packet.payload,
        buffers: &NoBuffers,
        flow: Some(FlowView {
            to_server: true,
            established: true,
            service: None,
            ports_count: false,
            id: 1,
            client_bytes: 10,
            server_bytes: 20,
        }),
        dsize: u32::try_from(packet.payload.len()).ok(),
        packet_number: 1,
    }
}
