//! An agent reports for its own node alone: whoever gets hold of one agent's token cannot
//! speak for other nodes.

use serde_json::{Value, json};

use super::AGENT;

const NAME: &str = "dpi-agent-own-node";

pub(super) fn objects(namespace: &str) -> Vec<Value> {
    let agent = format!("system:serviceaccount:{namespace}:{AGENT}");
    vec![
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": NAME},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": ["dpi-agent.dev"],
                    "apiVersions": ["*"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["nodeinspections", "nodeinspections/status"],
                }]},
                "matchConditions": [{
                    "name": "agents",
                    "expression": format!("request.userInfo.username == '{agent}'"),
                }],
                // Tokens of pods say their node since Kubernetes 1.32
                // (ServiceAccountTokenPodNodeInfo).
                "validations": [{
                    "expression": "object.metadata.name == \
                        request.userInfo.extra[?'authentication.kubernetes.io/node-name'][0].orValue('')",
                    "message": "an agent may report only for the node that its pod runs on",
                }],
            },
        }),
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": NAME},
            "spec": {"policyName": NAME, "validationActions": ["Deny"]},
        }),
    ]
}
