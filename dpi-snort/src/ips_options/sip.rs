//! `sip_method:invite,!bye` — the method of a SIP request; `sip_stat_code:1,200` — the status
//! code of a response, or its first digit.
//!
//! Of methods, any of those named must be it, and none of those that are negated; they are
//! compared without regard to case. On anything else than a request, or a response, the option
//! fails.

use super::{OptionError, args};
use crate::{parser::lexer::RawOption, service_inspectors::sip::SipStart, unit::InspectionUnit};

/// Methods: wanted, unwanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SipMethod {
    wanted: Vec<Box<[u8]>>,
    unwanted: Vec<Box<[u8]>>,
}

/// Codes from 100, and classes of them from 1 to 9.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SipStatCode(Vec<u16>);

impl SipMethod {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<SipMethod, OptionError> {
        let mut method = SipMethod {
            wanted: Vec::new(),
            unwanted: Vec::new(),
        };
        for arg in &raw.args {
            arg.no_value()?;
            match arg.name().strip_prefix('!') {
                Some(name) => method.unwanted.push(name.as_bytes().into()),
                None => method.wanted.push(arg.name().as_bytes().into()),
            }
        }
        Ok(method)
    }

    pub(super) fn evaluate(&self, unit: &InspectionUnit<'_>) -> bool {
        let Some(SipStart::Request(method)) = unit.buffers.sip() else {
            return false;
        };
        let is_in = |list: &[Box<[u8]>]| list.iter().any(|name| name.eq_ignore_ascii_case(method));
        (self.wanted.is_empty() || is_in(&self.wanted)) && !is_in(&self.unwanted)
    }
}

impl SipStatCode {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<SipStatCode, OptionError> {
        let mut codes = Vec::new();
        for arg in &raw.args {
            arg.no_value()?;
            let code = args::bounded(arg.name(), "code", 1, 999)?;
            codes.push(u16::try_from(code).unwrap_or_default());
        }
        Ok(SipStatCode(codes))
    }

    pub(super) fn evaluate(&self, unit: &InspectionUnit<'_>) -> bool {
        let Some(SipStart::Response(code)) = unit.buffers.sip() else {
            return false;
        };
        self.0.is_empty()
            || self
                .0
                .iter()
                .any(|wanted| [code, code / 100].contains(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Message, holds, message_unit, packet, refused, unit};
    use crate::service_inspectors::sip::SipStart;

    #[test]
    fn evaluated() {
        let packet = packet(b"");
        let request = |method| Some(SipStart::Request(method));
        let response = |code| Some(SipStart::Response(code));
        for (text, sip, expected) in [
            ("sip_method:invite", request(b"INVITE"), true),
            ("sip_method:INVITE", request(b"Invite"), true),
            ("sip_method:invite,bye", request(b"BYE"), true),
            ("sip_method:register", request(b"INVITE"), false),
            ("sip_method:!register", request(b"INVITE"), true),
            ("sip_method:!invite", request(b"INVITE"), false),
            ("sip_method:!bye,cancel", request(b"INVITE"), false),
            ("sip_method:!bye,cancel", request(b"CANCEL"), true),
            ("sip_method:!invite", response(200), false),
            ("sip_method", request(b"ACK"), true),
            ("sip_stat_code:180", response(180), true),
            ("sip_stat_code:180", response(181), false),
            ("sip_stat_code:1", response(180), true),
            ("sip_stat_code:2,1", response(180), true),
            ("sip_stat_code:2,404", response(180), false),
            ("sip_stat_code:4,200", response(200), true),
            ("sip_stat_code:2", request(b"INVITE"), false),
        ] {
            let message = Message {
                sip,
                ..Message::default()
            };
            let unit = message_unit(&packet, &message);
            assert_eq!(holds(text, &unit), expected, "{text} on {sip:?}");
        }
        for text in ["sip_method:!bye", "sip_stat_code:2"] {
            assert!(!holds(text, &unit(&packet)), "{text} without SIP");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("sip_method:invite 1", "unknown argument \"invite 1\""),
            ("sip_stat_code:0", "code must be 1 to 999, not 0"),
            ("sip_stat_code:1000", "code must be 1 to 999, not 1000"),
            ("sip_stat_code:ok", "\"ok\" is no value for code"),
        ]);
    }
}
