//! How the installation is: `status.state` and `status.conditions`.

use dpi_api::intrusion_detection::IntrusionDetectionStatus;
use k8s_openapi::{
    api::apps::v1::DaemonSet,
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::Timestamp,
};

/// Longest message of a condition, in bytes; the API takes 32 KiB.
const MAX_MESSAGE: usize = 2048;

/// What the conditions are made of.
#[derive(Clone, Debug)]
pub(super) struct Facts<'a> {
    /// Of the `IntrusionDetection`.
    pub(super) generation: i64,
    /// Parts of its specification that cannot be used.
    pub(super) problems: &'a [String],
    /// What is in force in spite of them.
    pub(super) kept: Kept,
    /// Why an object could not be applied.
    pub(super) failure: Option<Failure>,
    /// The agents', if it is there.
    pub(super) daemonset: Option<&'a DaemonSet>,
}

/// What runs while the specification cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// What ran before.
    Before,
    /// The usual in place of the unusable parts.
    Usual,
}

/// Why an object could not be applied, in one word and in several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// The status that follows. `before` says since when conditions are as they are.
pub(super) fn status(
    facts: &Facts<'_>,
    before: Option<&IntrusionDetectionStatus>,
    now: Timestamp,
) -> IntrusionDetectionStatus {
    let rollout = Rollout::of(facts.daemonset);
    let degraded = degraded(facts);
    let state = match (&degraded, rollout.done) {
        (Some(_), _) => "Degraded",
        (None, true) => "Ready",
        (None, false) => "Progressing",
    };
    let told = |kind: &str, holds: bool, (reason, message): (&str, String)| {
        condition(facts.generation, before, now, kind, holds, reason, message)
    };
    let progress = rollout.message;
    IntrusionDetectionStatus {
        state: Some(state.to_owned()),
        conditions: vec![
            told(
                "Ready",
                rollout.done,
                if rollout.done {
                    ("AllAvailable", progress.clone())
                } else {
                    ("NotAvailable", progress.clone())
                },
            ),
            told(
                "Progressing",
                !rollout.done,
                if rollout.done {
                    ("RolledOut", progress)
                } else {
                    ("RollingOut", progress)
                },
            ),
            match degraded {
                Some((reason, message)) => told("Degraded", true, (reason, message)),
                None => told("Degraded", false, ("AsSpecified", String::new())),
            },
        ],
    }
}

fn degraded(facts: &Facts<'_>) -> Option<(&'static str, String)> {
    if !facts.problems.is_empty() {
        let goes_on = match facts.kept {
            Kept::Before => "the agents go on as they were",
            Kept::Usual => "the agents have the usual instead",
        };
        let all = facts.problems.join("; ");
        return Some(("InvalidSpec", format!("{all}; until then {goes_on}")));
    }
    let failure = facts.failure.as_ref()?;
    Some((failure.reason, failure.message.clone()))
}

/// How far the agents have come.
struct Rollout {
    done: bool,
    message: String,
}

impl Rollout {
    fn of(daemonset: Option<&DaemonSet>) -> Self {
        let not_yet = |message: &str| Self {
            done: false,
            message: message.to_owned(),
        };
        let Some(daemonset) = daemonset else {
            return not_yet("the DaemonSet is not there yet");
        };
        let Some(status) = &daemonset.status else {
            return not_yet("the DaemonSet has not been looked at yet");
        };
        if status.observed_generation != daemonset.metadata.generation {
            return not_yet("the DaemonSet's change has not been looked at yet");
        }
        let wanted = status.desired_number_scheduled;
        let updated = status.updated_number_scheduled.unwrap_or(0);
        let available = status.number_available.unwrap_or(0);
        Self {
            done: updated >= wanted && available >= wanted,
            message: format!(
                "{available} of {wanted} nodes have an agent at work, {updated} the latest"
            ),
        }
    }
}

fn condition(
    generation: i64,
    before: Option<&IntrusionDetectionStatus>,
    now: Timestamp,
    kind: &str,
    holds: bool,
    reason: &str,
    message: String,
) -> Condition {
    let status = if holds { "True" } else { "False" };
    let earlier = before.and_then(|before| {
        let mut conditions = before.conditions.iter();
        conditions.find(|condition| condition.type_ == kind && condition.status == status)
    });
    Condition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: crate::error_line::cut(message, MAX_MESSAGE),
        observed_generation: Some(generation),
        last_transition_time: earlier.map_or_else(
            || Time(now),
            |condition| condition.last_transition_time.clone(),
        ),
    }
}
