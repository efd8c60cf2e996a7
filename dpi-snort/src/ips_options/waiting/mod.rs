//! Options that are valid in Snort 3 and wait for an inspector: their grammar is checked as
//! Snort checks it, and a rule that uses one is inactive, not wrong.
//!
//! `names` lists the words that the industrial protocols know, `checks` has the forms that
//! need a look of their own. Once an inspector exists its option leaves this folder.

mod checks;
mod names;

use super::{NumberRange, OptionError, args, not_built};
use crate::parser::{Needs, Reason, lexer::RawOption};

/// How the arguments of an option are checked.
type Check = fn(&RawOption<'_>) -> Result<(), OptionError>;

/// An option that waits.
struct Waiting {
    name: &'static str,
    needs: Waits,
    check: Check,
}

#[derive(Clone, Copy)]
enum Waits {
    Inspector(&'static str),
    Option,
}

/// The reason why a rule with this option is inactive or refused; `None` for other options.
pub(super) fn find(raw: &RawOption<'_>) -> Option<Reason> {
    let known = GROUPS
        .iter()
        .copied()
        .flatten()
        .find(|option| option.name == raw.name)?;
    Some(match ((known.check)(raw), known.needs) {
        (Err(error), _) => error.into(),
        (Ok(()), Waits::Inspector(name)) => Reason::Inactive(Needs::Inspector(name)),
        (Ok(()), Waits::Option) => not_built(known.name),
    })
}

const fn inspector(name: &'static str, inspector: &'static str, check: Check) -> Waiting {
    Waiting {
        name,
        needs: Waits::Inspector(inspector),
        check,
    }
}

const fn option(name: &'static str, check: Check) -> Waiting {
    Waiting {
        name,
        needs: Waits::Option,
        check,
    }
}

const GROUPS: [&[Waiting]; 4] = [PAYLOAD, NETWORK, INDUSTRIAL, CIP];

const PAYLOAD: &[Waiting] = &[
    option("appids", text),
    inspector("http2_frame_header", "http2", nothing),
    option("http_decoded_uri", nothing),
    option("js_data", nothing),
    option("vba_data", nothing),
];

const NETWORK: &[Waiting] = &[
    inspector("gtp_info", "gtp", text),
    inspector("gtp_type", "gtp", text),
    inspector("gtp_version", "gtp", |raw| number(raw, 0, 2)),
];

const INDUSTRIAL: &[Waiting] = &[
    inspector("dnp3_data", "dnp3", nothing),
    inspector("dnp3_func", "dnp3", |raw| {
        name_or_number(raw, names::DNP3_FUNCTIONS, 255)
    }),
    inspector("dnp3_ind", "dnp3", |raw| {
        checks::word_list(raw, names::DNP3_INDICATORS)
    }),
    inspector("dnp3_obj", "dnp3", |raw| {
        checks::named_numbers(raw, &["group", "var"], 255)
    }),
    inspector("iec104_apci_type", "iec104", |raw| {
        name(raw, names::IEC104_APCI_TYPES)
    }),
    inspector("iec104_asdu_func", "iec104", |raw| {
        name(raw, names::IEC104_ASDU_FUNCTIONS)
    }),
    inspector("mms_data", "mms", nothing),
    inspector("mms_func", "mms", |raw| name(raw, names::MMS_FUNCTIONS)),
    inspector("modbus_data", "modbus", nothing),
    inspector("modbus_func", "modbus", |raw| {
        name_or_number(raw, names::MODBUS_FUNCTIONS, 255)
    }),
    inspector("modbus_unit", "modbus", |raw| number(raw, 0, 255)),
    inspector("opcua_msg_service", "opcua", text),
    inspector("opcua_msg_type", "opcua", |raw| {
        name(raw, names::OPCUA_MESSAGES)
    }),
    inspector("opcua_node_id", "opcua", |raw| {
        number(raw, 0, u32::MAX.into())
    }),
    inspector("opcua_node_namespace_index", "opcua", |raw| {
        number(raw, 0, 65_535)
    }),
    inspector("s7commplus_content", "s7commplus", nothing),
    inspector("s7commplus_func", "s7commplus", |raw| {
        name_or_number(raw, names::S7COMMPLUS_FUNCTIONS, 65_535)
    }),
    inspector("s7commplus_opcode", "s7commplus", |raw| {
        name_or_number(raw, names::S7COMMPLUS_OPCODES, 255)
    }),
];

const CIP: &[Waiting] = &[
    inspector("cip_attribute", "cip", |raw| range(raw, 65_535)),
    inspector("cip_class", "cip", |raw| range(raw, 65_535)),
    inspector("cip_conn_path_class", "cip", |raw| range(raw, 65_535)),
    inspector("cip_instance", "cip", |raw| range(raw, u32::MAX.into())),
    inspector("cip_req", "cip", nothing),
    inspector("cip_rsp", "cip", nothing),
    inspector("cip_service", "cip", |raw| range(raw, 127)),
    inspector("cip_status", "cip", |raw| range(raw, 255)),
    inspector("enip_command", "cip", |raw| range(raw, 65_535)),
    inspector("enip_req", "cip", nothing),
    inspector("enip_rsp", "cip", nothing),
];

/// No argument.
fn nothing(raw: &RawOption<'_>) -> Result<(), OptionError> {
    raw.no_args()
}

/// At most one argument, of any text.
fn text(raw: &RawOption<'_>) -> Result<(), OptionError> {
    raw.at_most(1)?;
    raw.args.first().map_or(Ok(()), |arg| {
        if arg.word.negated {
            return Err(OptionError::Negated);
        }
        arg.no_value()
    })
}

/// At most one range of numbers from 0.
fn range(raw: &RawOption<'_>, max: i64) -> Result<(), OptionError> {
    text(raw)?;
    NumberRange::of(raw, 0, max).map(|_| ())
}

/// At most one number.
fn number(raw: &RawOption<'_>, min: i64, max: i64) -> Result<(), OptionError> {
    text(raw)?;
    match raw.first() {
        None => Ok(()),
        Some(word) => args::bounded(word.text(), "number", min, max).map(|_| ()),
    }
}

/// At most one word, which must be one of these in either case.
fn name(raw: &RawOption<'_>, allowed: &[&str]) -> Result<(), OptionError> {
    text(raw)?;
    match raw.args.first() {
        Some(arg) if !is_one_of(arg.name(), allowed) => Err(arg.unknown()),
        _ => Ok(()),
    }
}

/// The same, or a number.
fn name_or_number(raw: &RawOption<'_>, allowed: &[&str], max: i64) -> Result<(), OptionError> {
    if args::number(raw.first().map_or("", |word| word.text())).is_some() {
        return number(raw, 0, max);
    }
    name(raw, allowed)
}

fn is_one_of(word: &str, allowed: &[&str]) -> bool {
    allowed.iter().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::super::testing::rule;

    #[test]
    fn what_snort_accepts_is_inactive_and_the_rest_refused() {
        for (text, accepted) in [
            ("appids:\"http, ssl\"", true),
            ("appids:\"http\",bogus 1", false),
            ("js_data", true),
            ("js_data:1", false),
            ("vba_data", true),
            ("gtp_version:2", true),
            ("gtp_version:3", false),
            ("gtp_type:\"create_pdp_context_request\"", true),
            ("dnp3_func:read", true),
            ("dnp3_func:1", true),
            ("dnp3_func:256", false),
            ("dnp3_func:bogus", false),
            ("dnp3_ind:\"device_restart,need_time\"", true),
            ("dnp3_ind:\"bogus\"", false),
            ("dnp3_obj:group 1,var 2", true),
            ("dnp3_obj:group 256,var 2", false),
            ("modbus_func:read_coils", true),
            ("modbus_func:300", false),
            ("modbus_unit:255", true),
            ("modbus_unit:256", false),
            ("mms_func:get_name_list", true),
            ("mms_func:bogus", false),
            ("iec104_apci_type:unnumbered_control_function", true),
            ("iec104_asdu_func:M_SP_NA_1", true),
            ("iec104_asdu_func:bogus", false),
            ("opcua_msg_type:HEL", true),
            ("s7commplus_opcode:request", true),
            ("s7commplus_content", true),
            ("cip_service:127", true),
            ("cip_service:128", false),
            ("cip_instance:>4000000000", true),
            ("cip_req:1", false),
            ("enip_command:1<>5", true),
        ] {
            let reason = rule("tcp", text).expect_err(text);
            let inactive = reason.starts_with("valid, but inactive");
            assert_eq!(inactive, accepted, "{text}: {reason}");
        }
    }
}
