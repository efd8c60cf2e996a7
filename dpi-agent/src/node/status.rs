//! What the agent says of itself: the status file, and what metrics are made of.

use std::collections::BTreeMap;

use dpi_api::messages::{RuleProblem, RulesReport};
use serde::Serialize;

use super::account::{Account, Balance};
use crate::watches::ApiStatus;

/// Everything, as written to the status file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Name of this node, where it was given.
    pub node: Option<String>,
    /// Version of the program.
    pub version: &'static str,
    /// Its process id.
    pub pid: u32,
    /// What it does.
    pub state: State,
    /// Each inspection.
    pub inspections: Vec<InspectionStatus>,
    /// How the watches of the API server are; none where objects come from files.
    pub api: Option<ApiStatus>,
    /// What is wrong with the manifests.
    pub manifest_problems: Vec<String>,
    /// The rules in force; none while nothing is selected.
    pub rules: Option<RulesStatus>,
    /// Why rules, programs, sink or rings are not as they should be.
    pub problems: Vec<String>,
    /// The worker.
    pub worker: WorkerStatus,
    /// How packets are taken; none while nothing is selected.
    pub capture: Option<CaptureStatus>,
    /// Where the packets went.
    pub packets: Balance,
    /// The same, part by part.
    pub account: Account,
    /// Counters of packet threads and engines since the rings were bound.
    pub engine: BTreeMap<&'static str, u64>,
    /// Where the alerts went.
    pub alerts: AlertStatus,
    /// Flows that the programs were told to pass by.
    pub bypasses: u64,
}

/// What the agent does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum State {
    /// Nothing is selected: no program, no ring, no worker.
    #[default]
    Idle,
    /// Something is selected, and not everything is in place.
    Starting,
    /// Selected workloads are inspected.
    Inspecting,
    /// It ends.
    Stopped,
}

/// One inspection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectionStatus {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// The object's UID, where its source has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The object's generation, where its source has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// Alerts found for it since the agent started.
    pub alerts: u64,
    /// What is wrong with its selector.
    pub error: Option<String>,
    /// Pods of this node that it selects.
    pub pods: Vec<PodStatus>,
}

/// A selected pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodStatus {
    /// Namespace and name.
    pub pod: String,
    /// Whether its packets are inspected now.
    pub inspected: bool,
    /// Why not, in one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Why not, with the remedy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Its interface or cgroup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
}

/// The rules in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RulesStatus {
    /// Number of the ruleset.
    pub epoch: u32,
    /// Files read.
    pub files: u32,
    /// Rules in force.
    pub loaded: u32,
    /// Valid rules that need what does not exist yet.
    pub inactive: u32,
    /// Rules refused.
    pub failed: u32,
    /// The first of them.
    pub problems: Vec<RuleProblem>,
    /// Milliseconds that compiling took.
    pub millis: u32,
}

impl From<&RulesReport> for RulesStatus {
    fn from(report: &RulesReport) -> Self {
        Self {
            epoch: report.epoch,
            files: report.files,
            loaded: report.loaded,
            inactive: report.inactive,
            failed: report.failed,
            problems: report.problems.clone(),
            millis: report.millis,
        }
    }
}

/// The worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerStatus {
    /// Its process id, while it lives.
    pub pid: Option<u32>,
    /// Whether it reads its rings.
    pub running: bool,
    /// Workers that died.
    pub deaths: u64,
    /// How the last one ended.
    pub last_end: Option<String>,
}

/// How packets are taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaptureStatus {
    /// Kind of the sink device.
    pub sink: String,
    /// How programs are attached.
    pub attach: String,
    /// Rings.
    pub rings: usize,
    /// Bytes of each, which no memory cgroup is charged with.
    pub ring_bytes: u64,
    /// Interfaces with programs.
    pub interfaces: usize,
    /// Packets for pods are taken where they come into the node, as the node's network
    /// hands them to pods past their interfaces.
    pub redirect_peer: bool,
    /// Ports at which pods on the node's network wait, one for each address.
    pub bound_ports: usize,
}

/// Where the alerts went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AlertStatus {
    /// Found by workers.
    pub found: u64,
    /// Received from them.
    pub received: u64,
    /// Written.
    pub written: u64,
    /// Lost because a worker's socket was full.
    pub dropped_alert_queue: u64,
    /// Lost because the output was slow or failed.
    pub dropped_output: u64,
    /// Left without the name of the other end, though the cluster may know it.
    pub unresolved: u64,
    /// Names asked of the cluster.
    pub look_ups: u64,
    /// Told by a Kubernetes Event.
    pub events: u64,
    /// Lost on their way to an Event.
    pub dropped_events: u64,
    /// What the writer of Events counts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub event_counters: BTreeMap<&'static str, u64>,
}
