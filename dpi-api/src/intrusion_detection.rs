//! `IntrusionDetection`, the singleton that says which resources and rules the agents get,
//! as Calico's operator defines it.
//!
//! Source: `tigera/operator`, `api/v1/intrusiondetection_types.go`. Fields that concern
//! other components are accepted and kept; none of them has an effect here.
#![expect(
    unreachable_pub,
    reason = "the derive that knows CEL rules repeats the type in a private module"
)]

use k8s_openapi::{
    api::core::v1::ResourceRequirements, apimachinery::pkg::apis::meta::v1::Condition,
};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the installation of intrusion detection is to look like.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "operator.tigera.io",
    version = "v1",
    kind = "IntrusionDetection",
    status = "IntrusionDetectionStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "Resources and rules of the deep packet inspection agents. There is one, named tigera-secure.",
    validation = Rule::new("self.metadata.name == 'tigera-secure'")
        .message("there is one IntrusionDetection, and its name is tigera-secure")
)]
#[serde(rename_all = "camelCase")]
pub struct IntrusionDetectionSpec {
    /// Resource requirements by component; `DeepPacketInspection` is the only one there is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub component_resources: Vec<ComponentResource>,
    /// Overrides for the agents' `DaemonSet`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deep_packet_inspection_daemonset: Option<Daemonset>,
    /// Accepted for Calico's sake; without effect, there as here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anomaly_detection: Option<AnomalyDetection>,
    /// Accepted for Calico's sake; without effect here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub intrusion_detection_controller_deployment: Option<Opaque>,
}

/// Resource requirements of a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentResource {
    /// The component.
    pub component_name: ComponentName,
    /// Its requests and limits.
    pub resource_requirements: ResourceRequirements,
}

/// Components whose resources can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ComponentName {
    /// The agents.
    DeepPacketInspection,
}

/// Overrides for a `DaemonSet`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Daemonset {
    /// Its specification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<DaemonsetSpec>,
}

/// Overrides for a `DaemonSet`'s specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DaemonsetSpec {
    /// Its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<PodTemplate>,
}

/// Overrides for a pod template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PodTemplate {
    /// The pods' specification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<PodSpec>,
}

/// Overrides for a pod's specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodSpec {
    /// Containers that run before the agent; `snort-rules` fills the rules directory, and
    /// replaces the rules of the agent's image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1))]
    pub init_containers: Vec<InitContainer>,
}

/// A container that runs before the agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InitContainer {
    /// Its name.
    pub name: InitContainerName,
    /// Its image, whose entry point copies rule files into /usr/etc/snort/rules.
    pub image: String,
    /// Its requests and limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
}

/// Names that a container before the agent may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum InitContainerName {
    /// It brings rules.
    #[serde(rename = "snort-rules")]
    SnortRules,
}

/// Settings of a component that does not exist any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnomalyDetection {
    /// Unused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class_name: Option<String>,
}

/// Fields that are kept and not looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Opaque {
    /// Whatever was written.
    #[serde(flatten)]
    #[schemars(skip)]
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// How the installation is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IntrusionDetectionStatus {
    /// In a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// In particular.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

#[cfg(test)]
mod tests {
    use kube::CustomResourceExt;
    use serde_json::{Value, json};

    use super::*;

    fn read(spec: &Value) -> Result<IntrusionDetection, serde_json::Error> {
        serde_json::from_value(json!({
            "apiVersion": "operator.tigera.io/v1",
            "kind": "IntrusionDetection",
            "metadata": {"name": "tigera-secure"},
            "spec": spec,
        }))
    }

    /// As the pages of Calico show it; each is written back as it came.
    #[test]
    fn objects_keep_calicos_json() {
        for spec in [
            json!({}),
            json!({"componentResources": [{
                "componentName": "DeepPacketInspection",
                "resourceRequirements": {
                    "limits": {"cpu": "1", "memory": "1Gi"},
                    "requests": {"cpu": "100m", "memory": "100Mi"},
                },
            }]}),
            json!({"deepPacketInspectionDaemonset": {"spec": {"template": {"spec": {
                "initContainers": [{"name": "snort-rules", "image": "registry/rules:1"}],
            }}}}}),
            json!({"deepPacketInspectionDaemonset": {"spec": {"template": {}}}}),
            json!({"anomalyDetection": {"storageClassName": "s"}}),
            json!({"intrusionDetectionControllerDeployment": {"spec": {"a": [1, {"b": null}]}}}),
        ] {
            let object = read(&spec).unwrap();
            assert_eq!(serde_json::to_value(&object.spec).unwrap(), spec);
        }
    }

    #[test]
    fn what_calico_refuses_is_refused() {
        for spec in [
            json!({"componentResources": [{"componentName": "Other", "resourceRequirements": {}}]}),
            json!({"componentResources": [{"componentName": "DeepPacketInspection"}]}),
            json!({"deepPacketInspectionDaemonset": {"spec": {"template": {"spec": {
                "initContainers": [{"name": "other", "image": "i"}],
            }}}}}),
            json!({"deepPacketInspectionDaemonset": {"spec": {"template": {"spec": {
                "initContainers": [{"name": "snort-rules"}],
            }}}}}),
        ] {
            assert!(read(&spec).is_err(), "{spec}");
        }
    }

    #[test]
    fn the_schema_knows_the_singleton() {
        let crd = serde_json::to_value(IntrusionDetection::crd()).unwrap();
        assert_eq!(crd["spec"]["scope"], "Cluster");
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        assert_eq!(
            schema["x-kubernetes-validations"][0]["rule"],
            "self.metadata.name == 'tigera-secure'"
        );
    }
}
