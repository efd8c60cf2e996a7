//! `DeepPacketInspection`, the object that asks for inspection, as Calico defines it.
//!
//! Source: `tigera/api`, `pkg/apis/projectcalico/v3/deeppacketinspection.go`. The JSON is
//! Calico's own, so that objects written for Calico are read here, and status written
//! here is read by Calico's tools.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
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
    derive = "Default"
)]
pub struct DeepPacketInspectionSpec {
    /// Labels that an endpoint must present, in Calico's selector language.
    /// Absent or empty: every endpoint of the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
}

/// What the nodes report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeepPacketInspectionStatus {
    /// One entry for each node that has something to say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeStatus>,
}

/// What one node reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeStatus {
    /// Name of the node.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// Whether inspection runs there.
    #[serde(default)]
    pub active: Active,
    /// What goes wrong there, ten entries at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub error_conditions: Vec<ErrorCondition>,
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
        assert!(
            crd.spec
                .names
                .short_names
                .is_none_or(|names| names.is_empty())
        );
        let version = &crd.spec.versions[0];
        assert!(
            version
                .subresources
                .as_ref()
                .is_some_and(|s| s.status.is_some())
        );
    }
}
