//! What agents and the operator may do.

use serde_json::{Value, json};

use super::{AGENT, OPERATOR};

const RBAC: &str = "rbac.authorization.k8s.io/v1";

pub(super) fn objects(namespace: &str) -> Vec<Value> {
    let mut objects = vec![json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": namespace,
            // Host network, capabilities and the BPF file system.
            "labels": {"pod-security.kubernetes.io/enforce": "privileged"},
        },
    })];
    for (name, rules) in [(AGENT, agent()), (OPERATOR, operator())] {
        objects.push(json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": namespace},
        }));
        objects.push(json!({
            "apiVersion": RBAC,
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": rules,
        }));
        objects.push(json!({
            "apiVersion": RBAC,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": role("ClusterRole", name),
            "subjects": [account(name, namespace)],
        }));
    }
    objects.push(json!({
        "apiVersion": RBAC,
        "kind": "Role",
        "metadata": {"name": OPERATOR, "namespace": namespace},
        "rules": [rule("coordination.k8s.io", &["leases"], &["get", "create", "update"])],
    }));
    objects.push(json!({
        "apiVersion": RBAC,
        "kind": "RoleBinding",
        "metadata": {"name": OPERATOR, "namespace": namespace},
        "roleRef": role("Role", OPERATOR),
        "subjects": [account(OPERATOR, namespace)],
    }));
    objects
}

fn agent() -> Value {
    json!([
        rule(
            "projectcalico.org",
            &["deeppacketinspections"],
            &["list", "watch"]
        ),
        rule(
            "",
            &["pods", "namespaces", "serviceaccounts"],
            &["list", "watch"]
        ),
        // Names for the other ends of alerts.
        rule("", &["services"], &["list"]),
        // The owner of the node's report.
        rule("", &["nodes"], &["get"]),
        rule(
            "dpi-agent.dev",
            &["nodeinspections"],
            &["get", "create", "patch"]
        ),
        rule("dpi-agent.dev", &["nodeinspections/status"], &["patch"]),
        rule("events.k8s.io", &["events"], &["get", "create", "patch"]),
    ])
}

fn operator() -> Value {
    json!([
        rule(
            "projectcalico.org",
            &["deeppacketinspections"],
            &["list", "watch"]
        ),
        rule(
            "projectcalico.org",
            &["deeppacketinspections/status"],
            &["update"]
        ),
        rule("dpi-agent.dev", &["nodeinspections"], &["list", "watch"]),
    ])
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": resources, "verbs": verbs})
}

fn role(kind: &str, name: &str) -> Value {
    json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name})
}

fn account(name: &str, namespace: &str) -> Value {
    json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
}
