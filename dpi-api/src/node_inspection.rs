//! `NodeInspection`, what one agent reports of its node.
//!
//! Each agent applies the one that has its node's name; nobody else writes it. The status
//! controller folds all of them into the status of each `DeepPacketInspection`, so that
//! agents never write the same object.
#![expect(
    clippy::duplicated_attributes,
    reason = "columns are attributes of one derive, and several have one type"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::inspection::{Active, ErrorCondition};

/// Nothing is asked of it: it only reports.
#[derive(
    CustomResource, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema,
)]
#[kube(
    group = "dpi-agent.dev",
    version = "v1alpha1",
    kind = "NodeInspection",
    status = "NodeInspectionStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "What the agent of the node with this name inspects.",
    shortname = "nodedpi",
    category = "security",
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Rules", type_ = "integer", json_path = ".status.rules.loaded"),
    printcolumn(name = "Seen", type_ = "integer", json_path = ".status.packets.seen"),
    printcolumn(
        name = "Dropped",
        type_ = "integer",
        json_path = ".status.packets.dropped"
    ),
    printcolumn(
        name = "Sink",
        type_ = "string",
        json_path = ".status.sink",
        priority = 1
    ),
    printcolumn(name = "Stale", type_ = "boolean", json_path = ".status.stale"),
    printcolumn(
        name = "Version",
        type_ = "string",
        json_path = ".status.agent.version"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
pub struct NodeInspectionSpec {}

/// What an agent reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeInspectionStatus {
    /// The agent that wrote this.
    #[serde(default)]
    pub agent: Agent,
    /// When it last wrote; at least every five minutes while it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<Time>,
    /// What it does: `Idle` (nothing is selected), `Starting`, `Inspecting` or `Stopped`.
    #[serde(default)]
    pub state: String,
    /// It works from what it knew earlier, as the API server does not answer.
    #[serde(default)]
    pub stale: bool,
    /// Inspections that select a pod of this node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 500),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["namespace", "name"])
    )]
    pub inspections: Vec<InspectionReport>,
    /// Inspections beyond the 500 that are listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub inspections_omitted: u32,
    /// The rules in force; absent while nothing is selected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Rules>,
    /// Kind of the device that packets are cloned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sink: Option<String>,
    /// How programs are attached: `tcx` or `clsact`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attach: Option<String>,
    /// Programs are also on interfaces of pods that nothing selects, because the node's
    /// network hands packets from pod to pod past the selected ones.
    #[serde(default)]
    pub redirect_peer: bool,
    /// Where the packets of selected pods went.
    #[serde(default)]
    pub packets: Packets,
    /// What is wrong with the whole node, ten entries at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub error_conditions: Vec<ErrorCondition>,
}

impl NodeInspectionStatus {
    /// Most entries of `inspections`.
    pub const MAX_INSPECTIONS: usize = 500;
}

/// Which agent wrote a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Agent {
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Another one at each start.
    #[serde(default)]
    pub instance: String,
}

/// What a node does for one inspection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InspectionReport {
    /// The inspection's namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID: an object of the same name that was made anew begins from zero.
    #[serde(default)]
    pub uid: String,
    /// The generation that this is about.
    #[serde(default)]
    pub generation: i64,
    /// Whether all selected pods of the node are inspected.
    #[serde(default)]
    pub active: Active,
    /// Why not, ten entries at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub error_conditions: Vec<ErrorCondition>,
    /// Pods of the node that it selects.
    #[serde(default)]
    pub pods_selected: u32,
    /// Those of them that are inspected.
    #[serde(default)]
    pub pods_inspected: u32,
    /// Alerts found for it.
    #[serde(default)]
    pub alerts: i64,
}

/// The rules in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rules {
    /// Rules that can alert.
    #[serde(default)]
    pub loaded: u32,
    /// Valid rules that need what does not exist yet.
    #[serde(default)]
    pub inactive: u32,
    /// Rules that were refused.
    #[serde(default)]
    pub failed: u32,
    /// Number of the ruleset; it rises with each reload.
    #[serde(default)]
    pub ruleset: u32,
}

/// Where packets went: seen = inspected + bypassed + dropped + those on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Packets {
    /// Seen by the programs.
    #[serde(default)]
    pub seen: i64,
    /// Inspected.
    #[serde(default)]
    pub inspected: i64,
    /// Passed over on purpose.
    #[serde(default)]
    pub bypassed: i64,
    /// Not inspected though they should have been; the workload got them.
    #[serde(default)]
    pub dropped: i64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}
