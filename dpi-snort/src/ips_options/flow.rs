//! `flow:to_server,established` — direction and state of the flow.

use super::{OptionError, RuleContext};
use crate::{
    parser::lexer::RawOption,
    unit::{InspectionUnit, UnitKind},
};

/// Conditions on the flow; those that are `None` do not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FlowOption {
    /// The unit goes to the server.
    pub to_server: Option<bool>,
    established: Option<bool>,
    /// Rebuilt from a TCP stream.
    stream: Option<bool>,
    /// Rebuilt from fragments.
    fragment: Option<bool>,
}

impl FlowOption {
    pub(super) fn parse(
        raw: &RawOption<'_>,
        context: &RuleContext,
    ) -> Result<FlowOption, OptionError> {
        let mut option = FlowOption::default();
        let mut stateless = false;
        let mut words = 0usize;
        for arg in &raw.args {
            for word in [Some(arg.word), arg.value].into_iter().flatten() {
                words = words.saturating_add(1);
                let text = word.text();
                match text {
                    "stateless" => stateless = true,
                    _ if option.set(text)? => {}
                    _ => return Err(OptionError::UnknownArgument { found: text.into() }),
                }
            }
        }
        if stateless && words > 1 {
            return Err(OptionError::Conflict {
                a: "stateless",
                b: "other words of flow",
            });
        }
        let fragments_only = option.fragment.is_some()
            && option.to_server.is_none()
            && option.established.is_none()
            && option.stream.is_none();
        if context.icmp && words > 0 && !fragments_only {
            return Err(OptionError::FlowOfIcmp);
        }
        Ok(option)
    }

    /// Takes a word; whether it is known.
    fn set(&mut self, word: &str) -> Result<bool, OptionError> {
        let (slot, value, conflict) = match word {
            "to_server" | "from_client" => (&mut self.to_server, true, ("to_server", "to_client")),
            "to_client" | "from_server" => (&mut self.to_server, false, ("to_client", "to_server")),
            "established" => (
                &mut self.established,
                true,
                ("established", "not_established"),
            ),
            "not_established" => (
                &mut self.established,
                false,
                ("not_established", "established"),
            ),
            "only_stream" => (&mut self.stream, true, ("only_stream", "no_stream")),
            "no_stream" => (&mut self.stream, false, ("no_stream", "only_stream")),
            "only_frag" => (&mut self.fragment, true, ("only_frag", "no_frag")),
            "no_frag" => (&mut self.fragment, false, ("no_frag", "only_frag")),
            _ => return Ok(false),
        };
        if slot.is_some_and(|before| before != value) {
            let (a, b) = conflict;
            return Err(OptionError::Conflict { a, b });
        }
        *slot = Some(value);
        Ok(true)
    }

    pub(super) fn evaluate(&self, unit: &InspectionUnit<'_>) -> bool {
        let flow = unit.flow.as_ref();
        let equal = |wanted: Option<bool>, found: Option<bool>| wanted.is_none() || wanted == found;
        let stream = matches!(
            unit.kind,
            UnitKind::RebuiltStream | UnitKind::HeldStream | UnitKind::RebuiltPdu
        );
        let fragment = unit.packet.rebuilt || unit.kind == UnitKind::RebuiltDatagram;
        equal(self.to_server, flow.map(|f| f.to_server))
            // Without a flow nothing is established.
            && equal(self.established, Some(flow.is_some_and(|f| f.established)))
            && equal(self.stream, Some(stream))
            && equal(self.fragment, Some(fragment))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, rule, unit};
    use super::*;

    /// Options, to the server, established, kind, and whether they hold.
    #[test]
    fn evaluated() {
        use UnitKind::{HeldStream, Raw, RebuiltDatagram, RebuiltPdu, RebuiltStream};
        for (text, to_server, established, kind, expected) in [
            ("flow:to_server", true, false, Raw, true),
            ("flow:to_server", false, false, Raw, false),
            ("flow:from_client", true, false, Raw, true),
            ("flow:to_client", false, true, Raw, true),
            ("flow:to_client", true, true, Raw, false),
            ("flow:from_server", false, true, Raw, true),
            ("flow:established", true, true, Raw, true),
            ("flow:established", true, false, Raw, false),
            ("flow:not_established", true, false, Raw, true),
            ("flow:not_established", true, true, Raw, false),
            ("flow:to_server,established", true, true, Raw, true),
            ("flow:to_server,established", false, true, Raw, false),
            ("flow:stateless", false, false, Raw, true),
            ("flow", false, false, Raw, true),
            ("flow:only_stream", true, true, Raw, false),
            ("flow:only_stream", true, true, RebuiltStream, true),
            ("flow:only_stream", true, true, HeldStream, true),
            ("flow:only_stream", true, true, RebuiltPdu, true),
            ("flow:only_stream", true, true, RebuiltDatagram, false),
            ("flow:no_stream", true, true, Raw, true),
            ("flow:no_stream", true, true, RebuiltDatagram, true),
            ("flow:no_stream", true, true, HeldStream, false),
            ("flow:only_frag", true, true, RebuiltDatagram, true),
            ("flow:only_frag", true, true, Raw, false),
            ("flow:no_frag", true, true, Raw, true),
            ("flow:no_frag", true, true, RebuiltDatagram, false),
        ] {
            let packet = packet(b"");
            let mut unit = unit(&packet);
            unit.kind = kind;
            if let Some(flow) = &mut unit.flow {
                (flow.to_server, flow.established) = (to_server, established);
            }
            assert_eq!(
                holds(text, &unit),
                expected,
                "{text} {to_server} {established} {kind:?}"
            );
        }
    }

    #[test]
    fn without_a_flow() {
        for (text, expected) in [
            ("flow:to_server", false),
            ("flow:to_client", false),
            ("flow:established", false),
            ("flow:not_established", true),
            ("flow:stateless", true),
            ("flow:no_frag", true),
        ] {
            let packet = packet(b"");
            let unit = InspectionUnit {
                flow: None,
                ..unit(&packet)
            };
            assert_eq!(holds(text, &unit), expected, "{text}");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            (
                "flow:to_server,to_client",
                "to_client cannot stand with to_server",
            ),
            (
                "flow:from_client,from_server",
                "to_client cannot stand with to_server",
            ),
            (
                "flow:established,not_established",
                "not_established cannot stand with established",
            ),
            (
                "flow:only_stream,no_stream",
                "no_stream cannot stand with only_stream",
            ),
            (
                "flow:no_frag,only_frag",
                "only_frag cannot stand with no_frag",
            ),
            (
                "flow:stateless,to_server",
                "stateless cannot stand with other words of flow",
            ),
            ("flow:sideways", r#"unknown argument "sideways""#),
            (
                "flow:to_server,TO_SERVER",
                r#"unknown argument "TO_SERVER""#,
            ),
        ]);
        let refused = |text| rule("icmp", text).err();
        let reason = "flow cannot be checked in icmp rules".to_owned();
        assert_eq!(refused("flow:to_server"), Some(reason.clone()));
        assert_eq!(refused("flow:only_frag,established"), Some(reason));
        assert_eq!(refused("flow:only_frag"), None);
    }
}
