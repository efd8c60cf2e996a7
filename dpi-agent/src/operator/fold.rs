//! What the nodes' reports come to, for one inspection.

use std::time::Duration;

use dpi_api::{
    inspection::{
        Active, DeepPacketInspectionSpec, DeepPacketInspectionStatus, ErrorCondition, NodeStatus,
        Totals,
    },
    node_inspection::{InspectionReport, NodeInspectionStatus},
    selector::Selector,
};
use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::{SignedDuration, Timestamp},
};

use crate::{
    error_line::cut,
    reports::{HEARTBEAT, MAX_MESSAGE},
};

/// A node that has not reported for so long is taken for dead.
pub(super) const SILENT: Duration = Duration::from_secs(3 * HEARTBEAT.as_secs());

/// One inspection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) uid: &'a str,
    pub(super) generation: i64,
    pub(super) spec: &'a DeepPacketInspectionSpec,
    /// It has been as it is for long enough that every node would have reported.
    pub(super) settled: bool,
}

/// A node's report, as far as it is about the inspection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard<'a> {
    pub(super) node: &'a str,
    pub(super) whole: &'a NodeInspectionStatus,
    pub(super) about: &'a InspectionReport,
}

/// The status that follows. `agents` is how many nodes report at all, `heard` what those
/// say that know the inspection, by the nodes' names. What is as in `before` keeps its time.
pub(super) fn fold(
    subject: Subject<'_>,
    agents: usize,
    heard: &[Heard<'_>],
    before: Option<&DeepPacketInspectionStatus>,
    now: Timestamp,
) -> DeepPacketInspectionStatus {
    let mut status = DeepPacketInspectionStatus::default();
    let mut sums = Sums::default();
    // A report about an object that had the same name is about nothing any more.
    let heard = heard.iter().filter(|heard| heard.about.uid == subject.uid);
    for heard in heard {
        sums.alerts = sums.alerts.saturating_add(heard.about.alerts);
        if heard.about.pods_selected == 0 {
            continue;
        }
        let known = before.and_then(|b| b.nodes.iter().find(|n| n.node == heard.node));
        let node = node(heard, known, now);
        sums.add(heard, &node, subject.generation);
        status.nodes.push(node);
    }
    status.totals = Some(Totals {
        pods: format!("{}/{}", sums.inspected, sums.selected),
        nodes: format!("{}/{}", sums.active, status.nodes.len()),
        alerts: sums.alerts,
        drops: sums.drops,
    });
    let verdicts = verdicts(subject, agents, &sums, &status.nodes);
    status.conditions = conditions(verdicts, subject.generation, before, now);
    status
}

#[derive(Debug, Default)]
struct Sums {
    selected: u64,
    inspected: u64,
    active: usize,
    alerts: i64,
    drops: i64,
    /// Nodes that have not seen the present generation.
    behind: usize,
    /// Nodes without rules in force, or with a view that may be out of date.
    impaired: Vec<String>,
}

impl Sums {
    fn add(&mut self, heard: &Heard<'_>, node: &NodeStatus, generation: i64) {
        self.selected += u64::from(heard.about.pods_selected);
        if node.active.success {
            self.active += 1;
        }
        if is_alive(heard.whole, node) {
            self.inspected += u64::from(heard.about.pods_inspected);
        }
        self.drops = self.drops.saturating_add(heard.whole.packets.dropped);
        self.behind += usize::from(heard.about.generation < generation);
        let no_rules = heard
            .whole
            .rules
            .as_ref()
            .is_none_or(|rules| rules.loaded == 0);
        if no_rules || heard.whole.stale {
            self.impaired.push(heard.node.to_owned());
        }
    }
}

/// `node` puts its own message first where the agent is not heard of.
fn is_alive(whole: &NodeInspectionStatus, node: &NodeStatus) -> bool {
    let first = node.error_conditions.first();
    whole.state != "Stopped" && !first.is_some_and(|e| e.message.starts_with(SILENCE))
}

const SILENCE: &str = "the agent of this node ";

/// Calico's entry for a node.
fn node(heard: &Heard<'_>, before: Option<&NodeStatus>, now: Timestamp) -> NodeStatus {
    let mut errors = heard.about.error_conditions.clone();
    errors.extend(heard.whole.error_conditions.iter().cloned());
    let mut success = heard.about.active.success;
    let mut since = heard.about.active.last_updated.clone();
    if let Some(message) = silence(heard.whole, now) {
        let old = before.and_then(|b| b.error_conditions.iter().find(|e| e.message == message));
        let last_updated = old.and_then(|e| e.last_updated.clone()).or(Some(Time(now)));
        since.clone_from(&last_updated);
        errors.insert(
            0,
            ErrorCondition {
                message,
                last_updated,
            },
        );
        success = false;
    }
    errors.truncate(NodeStatus::MAX_ERRORS);
    NodeStatus {
        node: heard.node.to_owned(),
        active: Active {
            success,
            last_updated: since,
        },
        error_conditions: errors,
    }
}

/// Why nothing is inspected there, whatever the report says.
fn silence(report: &NodeInspectionStatus, now: Timestamp) -> Option<String> {
    if report.state == "Stopped" {
        return Some(format!("{SILENCE}is stopped; start it again"));
    }
    let limit = SignedDuration::try_from(SILENT).unwrap_or(SignedDuration::MAX);
    let last = report.heartbeat.as_ref()?;
    (now.duration_since(last.0) > limit).then(|| {
        format!(
            "{SILENCE}has not been heard of since {}; look after its pod and the node",
            last.0
        )
    })
}

struct Verdict {
    type_: &'static str,
    status: &'static str,
    reason: &'static str,
    message: String,
}

fn verdicts(
    subject: Subject<'_>,
    agents: usize,
    sums: &Sums,
    nodes: &[NodeStatus],
) -> [Verdict; 3] {
    let selector = subject.spec.selector.as_deref().unwrap_or_default();
    let accepted = match Selector::parse(selector) {
        Ok(selector) => verdict("Accepted", "True", "SelectorValid", selector.to_string()),
        Err(error) => {
            let message = format!("the inspection selects nothing: selector, {error}");
            verdict("Accepted", "False", "SelectorInvalid", message)
        }
    };
    let programmed = programmed(subject, agents, sums, nodes, accepted.status == "True");
    let ready = if accepted.status != "True" {
        verdict("Ready", "False", accepted.reason, accepted.message.clone())
    } else if programmed.status != "True" {
        let (status, reason) = (programmed.status, programmed.reason);
        verdict("Ready", status, reason, programmed.message.clone())
    } else if let Some(node) = sums.impaired.first() {
        let message = format!(
            "{} nodes have no rules in force or cannot see the API server, {node} for one; see its \
             NodeInspection",
            sums.impaired.len()
        );
        verdict("Ready", "False", "NodesImpaired", message)
    } else {
        verdict(
            "Ready",
            "True",
            programmed.reason,
            programmed.message.clone(),
        )
    };
    [accepted, programmed, ready]
}

fn programmed(
    subject: Subject<'_>,
    agents: usize,
    sums: &Sums,
    nodes: &[NodeStatus],
    accepted: bool,
) -> Verdict {
    let of = |status, reason, message| verdict("Programmed", status, reason, message);
    if !accepted {
        let message = "the selector cannot be read".to_owned();
        return of("False", "NotAccepted", message);
    }
    if agents == 0 {
        let message = "no node reports; is the DaemonSet of the agent running?".to_owned();
        return of("Unknown", "NoAgents", message);
    }
    if sums.selected == 0 && !subject.settled || sums.behind > 0 {
        let message = format!("{} nodes have yet to take it up", sums.behind);
        return of("Unknown", "Pending", message);
    }
    if sums.selected == 0 {
        let message = "no pod of the namespace is selected".to_owned();
        return of("True", "NothingSelected", message);
    }
    let mut idle = nodes.iter().filter(|node| !node.active.success);
    match idle.next() {
        None => {
            let message = format!(
                "{} pods on {} nodes are inspected",
                sums.inspected,
                nodes.len()
            );
            of("True", "PodsInspected", message)
        }
        Some(first) => {
            let why = first.error_conditions.first().map(|e| e.message.as_str());
            let message = format!(
                "{} of {} pods are inspected; node {}: {}",
                sums.inspected,
                sums.selected,
                first.node,
                why.unwrap_or("not all pods are inspected")
            );
            of("False", "PodsNotInspected", message)
        }
    }
}

fn verdict(
    type_: &'static str,
    status: &'static str,
    reason: &'static str,
    message: String,
) -> Verdict {
    Verdict {
        type_,
        status,
        reason,
        message: cut(message, MAX_MESSAGE),
    }
}

fn conditions(
    verdicts: [Verdict; 3],
    generation: i64,
    before: Option<&DeepPacketInspectionStatus>,
    now: Timestamp,
) -> Vec<Condition> {
    let each = verdicts.into_iter().map(|verdict| {
        let old = before.and_then(|b| b.conditions.iter().find(|c| c.type_ == verdict.type_));
        let same = old.filter(|old| old.status == verdict.status);
        Condition {
            type_: verdict.type_.to_owned(),
            status: verdict.status.to_owned(),
            reason: verdict.reason.to_owned(),
            message: verdict.message,
            observed_generation: Some(generation),
            last_transition_time: same.map_or(Time(now), |old| old.last_transition_time.clone()),
        }
    });
    each.collect()
}

/// Whether two statuses say the same but for counters.
pub(super) fn same_but_counters(
    a: &DeepPacketInspectionStatus,
    b: &DeepPacketInspectionStatus,
) -> bool {
    let plain = |status: &DeepPacketInspectionStatus| {
        let mut status = status.clone();
        if let Some(totals) = &mut status.totals {
            (totals.alerts, totals.drops) = (0, 0);
        }
        status
    };
    plain(a) == plain(b)
}
