//! `flow:to_server,established` — direction and state of the flow.

use super::{OptionError, RuleContext};
use crate::{
    parser::lexer::RawOption,
    unit::{InspectionUnit, UnitKind},
};

/// Conditions on the flow; those that are `None` do not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
