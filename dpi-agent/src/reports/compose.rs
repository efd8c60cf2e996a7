//! The report as a function of the status.

use std::collections::BTreeMap;

use dpi_api::{
    inspection::{Active, ErrorCondition, NodeStatus},
    node_inspection::{Agent, InspectionReport, NodeInspectionStatus, Packets, Rules},
};
use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{MAX_MESSAGE, pace::Difference};
use crate::error_line::cut;
use crate::node::{InspectionStatus, PodStatus, Status};

/// What the status does not know.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    /// This agent.
    pub(super) agent: Agent,
    /// Alerts that earlier agents of the node found, by the inspection's UID.
    pub(super) earlier: BTreeMap<String, i64>,
    /// What is wrong with reporting itself.
    pub(super) trouble: Option<String>,
}

/// The report at `now`. What is as it was in `last` keeps the time it has there.
pub(super) fn compose(
    status: &Status,
    context: &Context,
    last: Option<&NodeInspectionStatus>,
    now: Timestamp,
) -> NodeInspectionStatus {
    let mut inspections = Vec::new();
    for inspection in &status.inspections {
        let report = report(inspection, context, last, now);
        if report.pods_selected > 0 || report.alerts > 0 {
            inspections.push(report);
        }
    }
    let most = NodeInspectionStatus::MAX_INSPECTIONS;
    let omitted = inspections.len().saturating_sub(most);
    inspections.truncate(most);
    let before = last.map_or(&[][..], |last| &last.error_conditions);
    NodeInspectionStatus {
        agent: context.agent.clone(),
        heartbeat: Some(Time(now)),
        state: format!("{:?}", status.state),
        stale: status.api.as_ref().is_some_and(|api| api.stale),
        inspections,
        inspections_omitted: u32::try_from(omitted).unwrap_or(u32::MAX),
        rules: status.rules.as_ref().map(|rules| Rules {
            loaded: rules.loaded,
            inactive: rules.inactive,
            failed: rules.failed,
            ruleset: rules.epoch,
        }),
        sink: status.capture.as_ref().map(|c| c.sink.clone()),
        attach: status.capture.as_ref().map(|c| c.attach.clone()),
        redirect_peer: status.capture.as_ref().is_some_and(|c| c.redirect_peer),
        packets: packets(status),
        error_conditions: conditions(node_errors(status, context), before, now),
    }
}

fn report(
    inspection: &InspectionStatus,
    context: &Context,
    last: Option<&NodeInspectionStatus>,
    now: Timestamp,
) -> InspectionReport {
    let uid = inspection.uid.clone().unwrap_or_default();
    let before = last.and_then(|last| {
        let mut all = last.inspections.iter();
        all.find(|old| old.namespace == inspection.namespace && old.name == inspection.name)
    });
    let inspected = inspection.pods.iter().filter(|pod| pod.inspected).count();
    let success = inspected == inspection.pods.len();
    let same = before.filter(|before| before.active.success == success);
    let since = same.and_then(|before| before.active.last_updated.clone());
    let earlier = context.earlier.get(&uid).copied().unwrap_or(0);
    let conditions_before = before.map_or(&[][..], |before| &before.error_conditions);
    InspectionReport {
        namespace: inspection.namespace.clone(),
        name: inspection.name.clone(),
        active: Active {
            success,
            last_updated: since.or(Some(Time(now))),
        },
        error_conditions: conditions(pod_errors(&inspection.pods), conditions_before, now),
        pods_selected: count(inspection.pods.len()),
        pods_inspected: count(inspected),
        alerts: earlier.saturating_add(signed(inspection.alerts)),
        generation: inspection.generation.unwrap_or(0),
        uid,
    }
}

/// One message for each thing that is wrong, with the pods that have it.
fn pod_errors(pods: &[PodStatus]) -> Vec<String> {
    let mut by_message: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| !pod.inspected) {
        let reason = pod.reason.unwrap_or("Unknown");
        let message = pod.message.as_deref().unwrap_or("not inspected");
        by_message
            .entry((reason, message))
            .or_default()
            .push(&pod.pod);
    }
    let line = |((reason, message), pods): ((&str, &str), Vec<&str>)| match pods.as_slice() {
        [one] => format!("{reason}: pod {one}: {message}"),
        [first, rest @ ..] => format!("{reason}: pod {first} and {} more: {message}", rest.len()),
        [] => String::new(),
    };
    by_message.into_iter().map(line).collect()
}

fn node_errors(status: &Status, context: &Context) -> Vec<String> {
    let mut errors: Vec<String> = context.trouble.iter().cloned().collect();
    errors.extend(status.problems.iter().cloned());
    errors.extend(
        status
            .api
            .iter()
            .flat_map(|api| api.problems.iter().cloned()),
    );
    if let Some(rules) = &status.rules {
        if rules.failed > 0 {
            let first = rules.problems.first();
            let first = first.map(|p| format!(" (the first: {}:{}: {})", p.file, p.line, p.reason));
            errors.push(format!(
                "{} rules are refused{}; `dpi-agent rules check` lists them all",
                rules.failed,
                first.unwrap_or_default()
            ));
        }
        if rules.loaded == 0 {
            errors.push(
                "no rule is loaded: nothing will be found; put *.rules files into the rules directory"
                    .to_owned(),
            );
        }
    }
    errors
}

/// Conditions of these messages, ten at most; what was there before keeps its time.
fn conditions(
    messages: Vec<String>,
    before: &[ErrorCondition],
    now: Timestamp,
) -> Vec<ErrorCondition> {
    let each = messages
        .into_iter()
        .take(NodeStatus::MAX_ERRORS)
        .map(|message| {
            let message = cut(message, MAX_MESSAGE);
            let old = before.iter().find(|old| old.message == message);
            let since = old.and_then(|old| old.last_updated.clone());
            ErrorCondition {
                message,
                last_updated: since.or(Some(Time(now))),
            }
        });
    each.collect()
}

fn packets(status: &Status) -> Packets {
    let balance = &status.packets;
    Packets {
        seen: signed(balance.seen),
        inspected: signed(balance.inspected),
        bypassed: signed(balance.bypassed.values().sum()),
        dropped: signed(balance.dropped.values().sum()),
    }
}

/// How a report differs from the last one.
pub(super) fn difference(
    new: &NodeInspectionStatus,
    last: Option<&NodeInspectionStatus>,
) -> Difference {
    let Some(last) = last else {
        return Difference::State;
    };
    if without_counters(new) != without_counters(last) {
        Difference::State
    } else if new.packets != last.packets || alerts(new) != alerts(last) {
        Difference::Counters
    } else {
        Difference::None
    }
}

fn without_counters(report: &NodeInspectionStatus) -> NodeInspectionStatus {
    let mut report = report.clone();
    report.heartbeat = None;
    report.packets = Packets::default();
    for inspection in &mut report.inspections {
        inspection.alerts = 0;
    }
    report
}

fn alerts(report: &NodeInspectionStatus) -> Vec<i64> {
    report.inspections.iter().map(|i| i.alerts).collect()
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
