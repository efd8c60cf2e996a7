//! The operator's Deployment.

use serde_json::{Value, json};

use super::OPERATOR;

/// Of `/healthz` and `/readyz`.
const PROBES: u16 = 8081;
/// Not root, and no user that the image knows.
const USER: u32 = 65_532;

/// The operator, in its own namespace: in that of the agents are their pods alone.
pub(super) fn deployment(namespace: &str, image: &str) -> Value {
    let labels = json!({"app.kubernetes.io/name": OPERATOR});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": OPERATOR, "namespace": namespace, "labels": labels},
        "spec": {
            // One works, by its lease; the other is there when a node is not.
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "serviceAccountName": OPERATOR,
                    "nodeSelector": {"kubernetes.io/os": "linux"},
                    "priorityClassName": "system-cluster-critical",
                    "securityContext": {
                        "runAsNonRoot": true,
                        "runAsUser": USER,
                        "runAsGroup": USER,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "affinity": {"podAntiAffinity": {
                        "preferredDuringSchedulingIgnoredDuringExecution": [{
                            "weight": 100,
                            "podAffinityTerm": {
                                "labelSelector": {"matchLabels": labels},
                                "topologyKey": "kubernetes.io/hostname",
                            },
                        }],
                    }},
                    "containers": [container(image)],
                },
            },
        },
    })
}

fn container(image: &str) -> Value {
    let probe = |path: &str, period: u32| {
        json!({
            "httpGet": {"port": PROBES, "path": path},
            "periodSeconds": period,
            "timeoutSeconds": 5,
        })
    };
    let field = |name: &str, path: &str| json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}});
    json!({
        "name": "operator",
        "image": image,
        "args": ["operator", format!("--probes=0.0.0.0:{PROBES}")],
        "env": [
            field("POD_NAME", "metadata.name"),
            field("POD_NAMESPACE", "metadata.namespace"),
        ],
        "readinessProbe": probe("/readyz", 5),
        "livenessProbe": probe("/healthz", 10),
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"memory": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        },
    })
}
