//! Following one rule: at which of its options it stops on each unit.

use super::{
    Detection, FlowState, Scratch, compile::Compiled, evaluate::Evaluation, oracle::Fresh,
    unit_header::UnitHeader,
};
use crate::{
    ips_options::Context,
    parser::RuleId,
    unit::{InspectionUnit, UnitKind},
};

/// Steps are kept up to this many between two calls that take them.
const MAX_STEPS: usize = 65_536;

/// A rule that is followed.
#[derive(Debug)]
pub(crate) struct Tracer {
    rule: RuleId,
    steps: Vec<TraceStep>,
}

/// What became of the rule on one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceStep {
    /// What was looked at.
    pub kind: UnitKind,
    /// Its way; `None` without a flow.
    pub to_server: Option<bool>,
    /// The flow's service.
    pub service: Option<String>,
    /// Bytes of payload.
    pub bytes: usize,
    /// Where the rule stopped.
    pub outcome: TraceOutcome,
}

/// Where a rule stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceOutcome {
    /// Protocol, service, ports or addresses do not fit.
    Header,
    /// Its fast pattern does not occur in a buffer that is new.
    FastPattern,
    /// At the option of this place in the order of
    /// [`Explanation::order`](super::Explanation::order), from 0.
    Option(usize),
    /// All options hold.
    Matched,
}

impl Tracer {
    pub(crate) fn new(rule: RuleId) -> Tracer {
        Tracer {
            rule,
            steps: Vec::new(),
        }
    }

    /// The steps since the last call.
    pub(crate) fn take(&mut self) -> Vec<TraceStep> {
        std::mem::take(&mut self.steps)
    }
}

impl Detection {
    /// Notes what becomes of the followed rule, once the candidates are known.
    pub(super) fn trace(
        &self,
        unit: &InspectionUnit<'_>,
        state: Option<&FlowState>,
        scratch: &mut Scratch,
    ) {
        let Some(wanted) = scratch.tracer.as_ref().map(|tracer| tracer.rule) else {
            return;
        };
        let mut rules = (0u32..).zip(&self.rules);
        let Some((index, compiled)) = rules.find(|(_, compiled)| compiled.rule.id == wanted) else {
            return;
        };
        let outcome = if !UnitHeader::of(unit).fits(compiled) {
            TraceOutcome::Header
        } else if !scratch.candidates.contains(&index) && !Fresh::of(unit).leads_to(compiled) {
            TraceOutcome::FastPattern
        } else {
            stop(compiled, unit, state, scratch)
        };
        let step = TraceStep {
            kind: unit.kind,
            to_server: unit.flow.map(|flow| flow.to_server),
            service: unit.flow.and_then(|flow| flow.service).map(str::to_owned),
            bytes: unit.payload.len(),
            outcome,
        };
        if let Some(tracer) = &mut scratch.tracer
            && tracer.steps.len() < MAX_STEPS
        {
            tracer.steps.push(step);
        }
    }
}

/// The first option with which the rule does not hold any more.
fn stop(
    compiled: &Compiled,
    unit: &InspectionUnit<'_>,
    state: Option<&FlowState>,
    scratch: &mut Scratch,
) -> TraceOutcome {
    let headers = compiled.header_tests.len();
    let all = headers.saturating_add(compiled.payload_tests.len());
    for count in 1..=all {
        let mut evaluation = Evaluation {
            context: Context {
                unit,
                flowbits: state.map(|state| &state.flowbits),
                pcre: &mut scratch.pcre,
                // What is tried for the trace alone is not counted.
                pcre_limit_hits: &mut 0,
            },
            steps: scratch.max_steps,
        };
        if !evaluation.first_match(compiled, count) {
            return TraceOutcome::Option(count.saturating_sub(1));
        }
    }
    TraceOutcome::Matched
}
