//! `rpc:100000,2,*` — a call of ONC RPC (RFC 5531): program, version, procedure.

use super::{OptionError, args};
use crate::{
    packet::Transport,
    parser::lexer::{Arg, RawOption},
    unit::InspectionUnit,
};

/// Bytes from the transaction id to the end of two empty authenticators.
const CALL_LENGTH: usize = 40;
const CALL: u32 = 0;
const RPC_VERSION: u32 = 2;

/// What the call must ask for; `None` for any.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rpc {
    program: u32,
    version: Option<u32>,
    procedure: Option<u32>,
}

impl Rpc {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<Rpc, OptionError> {
        raw.at_most(3)?;
        let mut args = raw.args.iter();
        let program = match args.next() {
            None => 0,
            Some(arg) => number(arg, "program")?,
        };
        let version = args.next().map(|arg| any_or(arg, "version")).transpose()?;
        let procedure = args
            .next()
            .map(|arg| any_or(arg, "procedure"))
            .transpose()?;
        Ok(Rpc {
            program,
            version: version.flatten(),
            procedure: procedure.flatten(),
        })
    }

    /// Over TCP a record mark stands in front (RFC 5531 §11); a call that is not whole, or a
    /// reply, does not match.
    pub(super) fn evaluate(&self, unit: &InspectionUnit<'_>) -> bool {
        let call = match unit.packet.transport {
            Transport::Tcp(_) => unit.payload.get(4..),
            Transport::Udp { .. } => Some(unit.payload),
            Transport::Icmp { .. } | Transport::Other => None,
        };
        let Some(call) = call.filter(|call| call.len() >= CALL_LENGTH) else {
            return false;
        };
        let word = |index: usize| {
            let bytes = call.get(index.saturating_mul(4)..)?.first_chunk::<4>()?;
            Some(u32::from_be_bytes(*bytes))
        };
        let is =
            |index, wanted: Option<u32>| wanted.is_none_or(|wanted| word(index) == Some(wanted));
        is(1, Some(CALL))
            && is(2, Some(RPC_VERSION))
            && is(3, Some(self.program))
            && is(4, self.version)
            && is(5, self.procedure)
    }
}

fn number(arg: &Arg<'_>, argument: &'static str) -> Result<u32, OptionError> {
    arg.no_value()?;
    args::bounded_u32(arg.name(), argument, 0, u32::MAX)
}

fn any_or(arg: &Arg<'_>, argument: &'static str) -> Result<Option<u32>, OptionError> {
    if arg.name() == "*" {
        return arg.no_value().map(|()| None);
    }
    number(arg, argument).map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, unit};
    use super::*;

    fn call(kind: u32, rpc: u32, program: u32, version: u32, procedure: u32) -> Vec<u8> {
        [0x1234, kind, rpc, program, version, procedure, 0, 0, 0, 0]
            .into_iter()
            .flat_map(u32::to_be_bytes)
            .collect()
    }

    #[test]
    fn evaluated() {
        let good = call(0, 2, 100_000, 2, 3);
        let over_tcp = [&b"\x80\x00\x00\x28"[..], &good].concat();
        let udp = Transport::Udp {
            src_port: 1000,
            dst_port: 111,
        };
        for (text, payload, is_udp, expected) in [
            ("rpc:100000,*,*", &good, true, true),
            ("rpc:100000,*", &good, true, true),
            ("rpc:100000", &good, true, true),
            ("rpc:100000,2,3", &good, true, true),
            ("rpc:100000,2,*", &good, true, true),
            ("rpc:100000,*,3", &good, true, true),
            ("rpc:100000,3,3", &good, true, false),
            ("rpc:100000,2,4", &good, true, false),
            ("rpc:100003,*,*", &good, true, false),
            ("rpc", &call(0, 2, 0, 1, 1), true, true),
            ("rpc:100000", &call(1, 2, 100_000, 2, 3), true, false),
            ("rpc:100000", &call(0, 3, 100_000, 2, 3), true, false),
            ("rpc:100000", &good[..39].to_vec(), true, false),
            ("rpc:100000", &Vec::new(), true, false),
            ("rpc:100000", &over_tcp, false, true),
            ("rpc:100000", &over_tcp, true, false),
            ("rpc:100000", &good, false, false),
            ("rpc:100000", &over_tcp[..43].to_vec(), false, false),
            ("rpc:100000", &b"\x80".to_vec(), false, false),
        ] {
            let mut packet = packet(payload);
            if is_udp {
                packet.transport = udp.clone();
            }
            assert_eq!(holds(text, &unit(&packet)), expected, "{text} {payload:?}");
            packet.transport = Transport::Other;
            assert!(!holds(text, &unit(&packet)), "{text} without ports");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("rpc:x", r#""x" is no value for program"#),
            ("rpc:*", r#""*" is no value for program"#),
            ("rpc:-1", "program must be 0 to 4294967295, not -1"),
            ("rpc:1,x,*", r#""x" is no value for version"#),
            (
                "rpc:1,*,4294967296",
                "procedure must be 0 to 4294967295, not 4294967296",
            ),
            ("rpc:1,*,*,bogus 1", r#"unknown argument "bogus""#),
            ("rpc:1 2", r#"unknown argument "1 2""#),
            ("rpc:1,* 2", r#"unknown argument "* 2""#),
        ]);
    }
}
