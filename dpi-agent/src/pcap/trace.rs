//! `--trace SID`: what became of one rule on each packet and message.

use std::fmt::Write;

use dpi_snort::{
    detection::{Explanation, TraceOutcome},
    parser::RuleId,
    unit::UnitKind,
};
use indicatif::ProgressBar;

use super::{Traced, complain};

/// The rule that is followed.
pub(super) struct Followed {
    pub(super) rule: RuleId,
    /// Its options in the order in which they are tried.
    order: Vec<String>,
    pattern: String,
}

impl Followed {
    pub(super) fn new(rule: RuleId, explanation: Option<Explanation>) -> Followed {
        let (order, pattern) = explanation.map_or_else(Default::default, |explanation| {
            let steps = explanation.order.into_iter().map(|step| step.text);
            let pattern = explanation
                .fast_pattern
                .map(|pattern| format!("\"{}\" in {}", pattern.bytes, pattern.buffer));
            (steps.collect(), pattern.unwrap_or_default())
        });
        Followed {
            rule,
            order,
            pattern,
        }
    }

    /// One line on one step.
    fn line(&self, traced: &Traced) -> String {
        let step = &traced.step;
        let RuleId { gid, sid } = self.rule;
        let kind = match step.kind {
            UnitKind::Raw => "raw",
            UnitKind::RebuiltDatagram => "datagram",
            UnitKind::RebuiltStream => "stream",
            UnitKind::HeldStream => "held stream",
            UnitKind::RebuiltPdu => "message",
        };
        let mut line = format!("trace {gid}:{sid}: packet {}: {kind}", traced.packet);
        // Writing to a string cannot fail.
        if let Some(service) = &step.service {
            let _ = write!(line, " {service}");
        }
        if let Some(to_server) = step.to_server {
            let way = if to_server { "to_server" } else { "to_client" };
            let _ = write!(line, " {way}");
        }
        let _ = write!(line, ", {} bytes: ", step.bytes);
        let _ = match step.outcome {
            TraceOutcome::Header => write!(
                line,
                "stopped at the header (protocol, service, ports or addresses)"
            ),
            TraceOutcome::FastPattern => {
                write!(line, "stopped at the fast pattern {}", self.pattern)
            }
            TraceOutcome::Option(at) => {
                let text = self.order.get(at).map_or("?", String::as_str);
                write!(line, "stopped at option {}, {text}", at + 1)
            }
            TraceOutcome::Matched => write!(line, "matched"),
        };
        line
    }
}

/// Prints a step.
pub(super) fn tell(progress: &ProgressBar, followed: Option<&Followed>, traced: &Traced) {
    if let Some(followed) = followed {
        progress.suspend(|| complain(&followed.line(traced)));
    }
}

#[cfg(test)]
mod tests {
    use dpi_snort::detection::{FastPattern, Stage, Step, TraceStep};

    use super::*;

    #[test]
    fn a_line_names_packet_unit_and_option() {
        let step = |text: &str| Step {
            stage: Stage::Payload,
            text: text.to_owned(),
        };
        let explanation = Explanation {
            is_definition: false,
            group: String::new(),
            fast_pattern: Some(FastPattern {
                buffer: "http_uri",
                bytes: "abc".to_owned(),
                stated: false,
            }),
            buffers: Vec::new(),
            order: vec![step("http_uri"), step("content:\"abc\"")],
        };
        let followed = Followed::new(RuleId { gid: 1, sid: 7 }, Some(explanation));
        let line = |outcome| {
            followed.line(&Traced {
                packet: 4,
                step: TraceStep {
                    kind: UnitKind::RebuiltPdu,
                    to_server: Some(true),
                    service: Some("http".to_owned()),
                    bytes: 12,
                    outcome,
                },
            })
        };
        let start = "trace 1:7: packet 4: message http to_server, 12 bytes: ";
        for (outcome, end) in [
            (TraceOutcome::Matched, "matched"),
            (
                TraceOutcome::Option(1),
                "stopped at option 2, content:\"abc\"",
            ),
            (
                TraceOutcome::FastPattern,
                "stopped at the fast pattern \"abc\" in http_uri",
            ),
            (
                TraceOutcome::Header,
                "stopped at the header (protocol, service, ports or addresses)",
            ),
        ] {
            assert_eq!(line(outcome), format!("{start}{end}"));
        }
    }
}
