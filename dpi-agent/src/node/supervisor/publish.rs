//! The status, as it is now.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    super::{
        state::replace,
        status::{
            AlertStatus, CaptureStatus, InspectionStatus, PodStatus, RulesStatus, State, Status,
            WorkerStatus,
        },
        worker_process::WorkerProcess,
    },
    Supervisor,
};
use crate::{
    desired::InspectionReport,
    interfaces::{Location, NotFound},
    snapshot::PodUid,
};

impl Supervisor {
    /// Publishes what is.
    pub(super) fn publish_now(&self) {
        let running = self.worker.as_ref().is_some_and(|worker| worker.running);
        self.publish(match (self.desired.endpoints.is_empty(), running) {
            (true, _) => State::Idle,
            (false, true) if self.session.is_some() => State::Inspecting,
            (false, _) => State::Starting,
        });
    }

    /// Publishes to the metrics and writes the file.
    pub(super) fn publish(&self, state: State) {
        let status = Arc::new(self.status(state));
        if let Some(path) = &self.options.status {
            let written = serde_json::to_vec_pretty(&*status).map_err(std::io::Error::from);
            if let Err(error) = written.and_then(|bytes| replace(path, &bytes)) {
                tracing::warn!(%error, "the status cannot be written to {}", path.display());
            }
        }
        self.published.send_replace(status);
    }

    fn status(&self, state: State) -> Status {
        let account = self.accounted();
        let written = self.alerts.written();
        let dropped = self.alerts.dropped();
        let of = |counts: &BTreeMap<&str, u64>, sink| counts.get(sink).copied().unwrap_or(0);
        Status {
            node: self.options.node_name.clone(),
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            state,
            inspections: self
                .desired
                .inspections
                .iter()
                .map(|i| self.inspection(i))
                .collect(),
            api: self.source.api(),
            manifest_problems: self.source.problems(),
            rules: self.rules.as_ref().map(RulesStatus::from),
            problems: self
                .rules_error
                .iter()
                .chain(&self.problem)
                .cloned()
                .collect(),
            worker: WorkerStatus {
                pid: self.worker.as_ref().and_then(WorkerProcess::pid),
                running: self.worker.as_ref().is_some_and(|worker| worker.running),
                deaths: self.deaths,
                last_end: self.last_end.clone(),
            },
            capture: self.session.as_ref().map(|session| CaptureStatus {
                sink: session.rings.sink().kind().to_string(),
                attach: session.attach_mode(),
                rings: session.rings.len(),
                ring_bytes: self.capture.geometry.bytes() as u64,
                interfaces: session.plan.interfaces.len(),
                redirect_peer: self.redirect.in_force(),
                bound_ports: session.bound(),
            }),
            packets: account.balance(),
            engine: self
                .session
                .as_ref()
                .map(|s| s.rings.counters())
                .unwrap_or_default(),
            alerts: AlertStatus {
                found: account.alerts,
                received: self.received,
                written: of(&written, "output"),
                dropped_alert_queue: account.alerts_dropped,
                dropped_output: of(&dropped, "output"),
                unresolved: self.alerts.unresolved(),
                look_ups: self.alerts.look_ups(),
                events: of(&written, "events"),
                dropped_events: of(&dropped, "events"),
                event_counters: self.alerts.counters().remove("events").unwrap_or_default(),
            },
            account,
            bypasses: self.bypasses,
        }
    }

    fn inspection(&self, report: &InspectionReport) -> InspectionStatus {
        let selected = report.selected.iter().map(|uid| self.pod(uid));
        InspectionStatus {
            namespace: report.inspection.namespace.clone(),
            name: report.inspection.name.clone(),
            uid: report.uid.clone(),
            generation: report.generation,
            alerts: self
                .alerts_for
                .get(&report.inspection)
                .copied()
                .unwrap_or(0),
            error: match (&report.accepted, report.missing) {
                (Err(error), _) => Some(error.to_string()),
                (Ok(()), Some(missing)) => Some(missing.to_string()),
                (Ok(()), None) => None,
            },
            pods: selected.collect(),
        }
    }

    fn pod(&self, uid: &PodUid) -> PodStatus {
        let found = self.outcome.found.get(uid);
        let running = self.worker.as_ref().is_some_and(|worker| worker.running);
        let (location, mut trouble) = match found {
            Some(Ok(Location::Interfaces(nics))) => {
                let failed = nics.iter().find_map(|nic| self.failed.get(&nic.ifindex));
                let held = self.session.as_ref().is_some_and(|session| {
                    let plan = &session.plan.interfaces;
                    nics.iter().all(|nic| plan.contains_key(&nic.ifindex))
                });
                let names: Vec<&str> = nics.iter().map(|nic| nic.name.as_str()).collect();
                let trouble = match failed {
                    Some(message) => Some(("AttachFailed", message.clone())),
                    None if held => None,
                    None => Some(("NotProgrammed", "no program is attached yet".to_owned())),
                };
                (Some(names.join(", ")), trouble)
            }
            Some(Ok(Location::Cgroup(path))) => (Some(path.to_string()), self.on_node_network(uid)),
            Some(Err(error)) => (None, Some((reason(error), error.to_string()))),
            None => (
                None,
                Some(("NoSlot", "no workload number is free".to_owned())),
            ),
        };
        if trouble.is_none() && !running {
            let message = self.problem.clone().or_else(|| self.rules_error.clone());
            let message = message.unwrap_or_else(|| "the worker is starting".to_owned());
            trouble = Some(("NoWorker", message));
        }
        PodStatus {
            pod: self.name(uid),
            inspected: trouble.is_none(),
            reason: trouble.as_ref().map(|(reason, _)| *reason),
            message: trouble.map(|(_, message)| message),
            location,
            slot: self.slots.of(uid).map(dpi_common::Slot::get),
        }
    }

    /// What keeps a pod on the node's network from being inspected: programs on one of the
    /// node's interfaces are enough, as others may carry no link header.
    fn on_node_network(&self, uid: &PodUid) -> Option<(&'static str, String)> {
        let plan = self.session.as_ref().map(|session| &session.plan);
        let slot = self.slots.of(uid);
        let known = plan.is_some_and(|plan| plan.cgroups.values().any(|held| *held == slot));
        let mut uplinks = self.interfaces.uplinks().iter();
        let there = plan.is_some_and(|plan| uplinks.any(|i| plan.interfaces.contains_key(i)));
        if known && there {
            return None;
        }
        let mut uplinks = self.interfaces.uplinks().iter();
        let failed = uplinks.find_map(|ifindex| self.failed.get(ifindex));
        Some(match failed {
            Some(message) => ("AttachFailed", message.clone()),
            None if self.interfaces.uplinks().is_empty() => (
                "NoInterfaceHere",
                "no route of this node leads to a network; its interfaces are found by its routes"
                    .to_owned(),
            ),
            None => ("NotProgrammed", "no program is attached yet".to_owned()),
        })
    }

    fn name(&self, uid: &PodUid) -> String {
        let mut pods = self.snapshot.pods().iter();
        pods.find(|pod| pod.uid == *uid).map_or_else(
            || uid.to_string(),
            |pod| format!("{}/{}", pod.namespace, pod.name),
        )
    }
}

fn reason(error: &NotFound) -> &'static str {
    match error {
        NotFound::Named(_) => "InterfaceNotFound",
        NotFound::Starting => "Starting",
        NotFound::NoPeer => "NoInterfaceHere",
        NotFound::NoHostRoute { .. } => "NoHostRoute",
        NotFound::HostNetwork => "CgroupUnknown",
        NotFound::Shared { .. } => "InterfaceShared",
        NotFound::Cgroup { .. } => "CgroupNotFound",
    }
}
