//! `dce_iface:uuid UUID,version <3,any_frag` — the interface that a request or response of
//! DCE/RPC belongs to.
//!
//! Without `any_frag` only what begins with its first fragment is asked; the version is the
//! major one.

use super::{NumberRange, OptionError};
use crate::{
    parser::lexer::RawOption,
    service_inspectors::dce::{Interface, Uuid},
    unit::InspectionUnit,
};

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DceIface {
    uuid: Uuid,
    version: NumberRange,
    any_frag: bool,
}

impl DceIface {
    /// Snort accepts the option without its UUID, which is nil then.
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<DceIface, OptionError> {
        let mut option = DceIface {
            uuid: Uuid::default(),
            version: NumberRange::ANY,
            any_frag: false,
        };
        for arg in &raw.args {
            match arg.name() {
                "uuid" => {
                    let text = arg.required("uuid")?;
                    option.uuid = Uuid::parse(text).ok_or_else(|| OptionError::BadValue {
                        argument: "uuid",
                        found: text.into(),
                    })?;
                }
                "version" => {
                    let text = arg.required("version")?;
                    option.version = NumberRange::parse(text, 0, u32::MAX.into())?;
                }
                "any_frag" => {
                    arg.no_value()?;
                    option.any_frag = true;
                }
                _ => return Err(arg.unknown()),
            }
        }
        Ok(option)
    }

    pub(super) fn evaluate(&self, unit: &InspectionUnit<'_>) -> bool {
        let Some(facts) = unit.buffers.dce() else {
            return false;
        };
        let Some(Interface { uuid, version }) = facts.interface else {
            return false;
        };
        uuid == self.uuid
            && self.version.contains(version.into())
            && (self.any_frag || facts.is_first)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Message, holds, message_unit, packet, refused, unit};
    use crate::service_inspectors::dce::{ByteOrder, DceFacts, Interface, Uuid};

    const UUID: &str = "4b324fc8-1670-01d3-1278-5a47bf6ee188";

    fn facts(interface: Option<Interface>, is_first: bool) -> DceFacts<'static> {
        DceFacts {
            interface,
            opnum: Some(7),
            is_first,
            order: ByteOrder::Little,
            stub: b"",
        }
    }

    #[test]
    fn evaluated() {
        let packet = packet(b"");
        let srvsvc = Uuid::parse(UUID).map(|uuid| Interface { uuid, version: 3 });
        assert!(srvsvc.is_some());
        let (whole, later) = (facts(srvsvc, true), facts(srvsvc, false));
        let unbound = facts(None, true);
        for (arguments, facts, expected) in [
            ("", whole, true),
            (",version 3", whole, true),
            (",version =3", whole, true),
            (",version !3", whole, false),
            (",version <3", whole, false),
            (",version <=3", whole, true),
            (",version >2", whole, true),
            (",version 2<>4", whole, true),
            (",version 4", whole, false),
            ("", later, false),
            (",any_frag", later, true),
            (",any_frag,version 4", later, false),
            ("", unbound, false),
        ] {
            let message = Message {
                dce: Some(facts),
                ..Message::default()
            };
            let unit = message_unit(&packet, &message);
            let text = format!("dce_iface:uuid {UUID}{arguments}");
            assert_eq!(holds(&text, &unit), expected, "{text} on {facts:?}");
        }
        let message = Message {
            dce: Some(whole),
            ..Message::default()
        };
        let on_message = message_unit(&packet, &message);
        let upper = format!("dce_iface:uuid {}", UUID.to_uppercase());
        assert!(holds(&upper, &on_message));
        let other = "dce_iface:uuid 4b324fc8-1670-01d3-1278-5a47bf6ee189";
        assert!(!holds(other, &on_message));
        assert!(!holds("dce_iface", &on_message));
        assert!(!holds(&upper, &unit(&packet)), "without DCE/RPC");
    }

    #[test]
    fn refusals() {
        refused(&[
            (
                "dce_iface:uuid 4b324fc8",
                "\"4b324fc8\" is no value for uuid",
            ),
            (
                "dce_iface:uuid 4b324fc8-1670-01d3-1278-5a47bf6ee18g",
                "\"4b324fc8-1670-01d3-1278-5a47bf6ee18g\" is no value for uuid",
            ),
            ("dce_iface:uuid", "uuid needs a value"),
            ("dce_iface:version x", "\"x\" is no value for range"),
            ("dce_iface:any_frag 1", "unknown argument \"any_frag 1\""),
            ("dce_iface:bogus 1", "unknown argument \"bogus\""),
        ]);
    }
}
