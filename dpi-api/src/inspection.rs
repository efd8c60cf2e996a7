//! `DeepPacketInspection`, the object that asks for inspection, as Calico defines it.
//!
//! Source: `tigera/api`, `pkg/apis/projectcalico/v3/deeppacketinspection.go`. The JSON is
//! Calico's own, so that objects written for Calico are read here, and status written
//! here is read by Calico's tools.
#![expect(
    clippy::duplicated_attributes,
    reason = "columns are attributes of one derive, and several have one type"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which endpoints of the object's own namespace are inspected.
#[derive(
    CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema,
)]
#[kube(
    group = "projectcalico.org",
    version = "v3",
    kind = "DeepPacketInspection",
    namespaced,
    status = "DeepPacketInspectionStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "Asks for deep packet inspection of the pods of its namespace that the selector matches.",
    shortname = "dpi",
    category = "security",
    printcolumn(name = "Selector", type_ = "string", json_path = ".spec.selector"),
    printcolumn(
        name = "Pods",
        type_ = "string",
        json_path = ".status.totals.pods",
        description = "Pods inspected, of those selected."
    ),
    printcolumn(
        name = "Nodes",
        type_ = "string",
        json_path = ".status.totals.nodes",
        description = "Nodes that inspect all their selected pods, of those that have any."
    ),
    printcolumn(
        name = "Alerts",
        type_ = "integer",
        json_path = ".status.totals.alerts"
    ),
    printcolumn(
        name = "Drops",
        type_ = "integer",
        json_path = ".status.totals.drops",
        description = "Packets that those nodes could not inspect."
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
pub struct DeepPacketInspectionSpec {
    /// Labels that an endpoint must present, in Calico's selector language.
    /// Absent or empty: every endpoint of the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    pub selector: Option<String>,
}

/// What the nodes report. Calico knows `nodes` alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeepPacketInspectionStatus {
    /// One entry for each node that has something to say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["node"]))]
    pub nodes: Vec<NodeStatus>,
    /// All nodes together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totals: Option<Totals>,
    /// `Accepted` (the selector can be read), `Programmed` (every selected pod is inspected),
    /// `Ready` (both, and every node does it with rules and a current view of the cluster).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// Sums over all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Pods inspected, of those selected: "3/4".
    #[serde(default)]
    pub pods: String,
    /// Nodes that inspect all their selected pods, of those that have any: "2/2".
    #[serde(default)]
    pub nodes: String,
    /// Alerts found for this inspection.
    #[serde(default)]
    pub alerts: i64,
    /// Packets that these nodes should have inspected and did not, whichever inspection
    /// they were for: the programs count them by node.
    #[serde(default)]
    pub drops: i64,
}

/// What one node reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["node"]))]
pub struct NodeStatus {
    /// Name of the node.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// Whether inspection runs there.
    #[serde(default)]
    pub active: Active,
    /// What goes wrong there, ten entries at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub error_conditions: Vec<ErrorCondition>,
}

impl NodeStatus {
    /// Most entries of `error_conditions`.
    pub const MAX_ERRORS: usize = 10;
}

/// Whether inspection runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Active {
    /// Inspection runs on all workloads of the node that match the selector.
    /// Calico leaves the field out where it is false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub success: bool,
    /// When `success` was last determined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<Time>,
}

/// One thing that goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorCondition {
    /// What goes wrong and what to do about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it was last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<Time>,
}

#[cfg(test)]
mod tests {
    use kube::{CustomResourceExt, Resource, core::object::HasStatus};
    use serde_json::{Value, json};

    use super::*;

    /// Objects as the API server gives them; each is written back as it came.
    #[test]
    fn objects_keep_calicos_json() {
        let object = |spec: Value, status: Value| {
            let mut object = json!({
                "apiVersion": "projectcalico.org/v3",
                "kind": "DeepPacketInspection",
                "metadata": {"name": "sample", "namespace": "red"},
                "spec": spec,
            });
            if !status.is_null() {
                object["status"] = status;
            }
            object
        };
        for case in [
            object(json!({}), Value::Null),
            object(json!({"selector": "app == 'x'"}), Value::Null),
            object(json!({"selector": ""}), json!({})),
            object(json!({}), json!({"nodes": [{"node": "n1", "active": {}}]})),
            object(
                json!({}),
                json!({"nodes": [{
                    "node": "n1",
                    "active": {"success": true, "lastUpdated": "2026-11-24T10:00:00Z"},
                    "errorConditions": [
                        {"message": "m", "lastUpdated": "2026-11-24T10:00:00Z"},
                        {"message": "without time"},
                    ],
                }]}),
            ),
        ] {
            let read: DeepPacketInspection = serde_json::from_value(case.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), case);
        }
    }

    #[test]
    fn other_types_are_refused() {
        for spec in [
            json!({"selector": 5}),
            json!({"selector": ["a"]}),
            json!("all()"),
        ] {
            let object = json!({
                "apiVersion": "projectcalico.org/v3",
                "kind": "DeepPacketInspection",
                "metadata": {"name": "sample"},
                "spec": spec,
            });
            assert!(
                serde_json::from_value::<DeepPacketInspection>(object).is_err(),
                "{spec}"
            );
        }
    }

    #[test]
    fn the_resource_is_calicos() {
        let object = DeepPacketInspection::new("x", DeepPacketInspectionSpec::default());
        assert!(object.status().is_none());
        assert_eq!(DeepPacketInspection::plural(&()), "deeppacketinspections");
        assert_eq!(
            DeepPacketInspection::api_version(&()),
            "projectcalico.org/v3"
        );
        let crd = DeepPacketInspection::crd();
        assert_eq!(
            crd.metadata.name.as_deref(),
            Some("deeppacketinspections.projectcalico.org")
        );
        assert_eq!(crd.spec.scope, "Namespaced");
        assert_eq!(crd.spec.names.short_names, Some(vec!["dpi".to_owned()]));
        assert_eq!(crd.spec.names.categories, Some(vec!["security".to_owned()]));
        let version = &crd.spec.versions[0];
        assert!(
            version
                .subresources
                .as_ref()
                .is_some_and(|s| s.status.is_some())
        );
    }
}
