//! What agents and the operator may do.

use serde_json::{Value, json};

use super::{AGENT, AGENTS_NAMESPACE, DAEMONSET, INSTALLATION, OPERATOR};

const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// Namespace and rights of the agents.
pub(crate) fn agent_objects(namespace: &str) -> Vec<Value> {
    // Host network, capabilities and the BPF file system.
    let mut objects = vec![self::namespace(namespace, "privileged")];
    objects.extend(account_with_role(AGENT, namespace, &agent()));
    objects
}

/// Namespace and rights of an operator that looks after agents which others have started.
pub(super) fn folding_operator(namespace: &str) -> Vec<Value> {
    let mut objects = account_with_role(OPERATOR, namespace, &folding());
    objects.extend(in_own_namespace(namespace, &[lease()]));
    objects
}

/// Namespace and rights of an operator that installs the agents, too.
pub(super) fn installing_operator(namespace: &str) -> Vec<Value> {
    let mut objects = vec![self::namespace(namespace, "restricted")];
    let mut rules = folding();
    rules.extend(installing());
    // What it gives the agents it must have itself: nobody hands out more than that.
    rules.extend(agent());
    objects.extend(account_with_role(OPERATOR, namespace, &rules));
    // Its own pod says which image the agents run.
    let own_pod = rule("", &["pods"], &["get"]);
    objects.extend(in_own_namespace(namespace, &[lease(), own_pod]));
    objects
}

fn account_with_role(name: &str, namespace: &str, rules: &[Value]) -> Vec<Value> {
    vec![
        json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": namespace},
        }),
        json!({
            "apiVersion": RBAC,
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": rules,
        }),
        json!({
            "apiVersion": RBAC,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": role("ClusterRole", name),
            "subjects": [account(name, namespace)],
        }),
    ]
}

fn namespace(name: &str, level: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {"pod-security.kubernetes.io/enforce": level},
        },
    })
}

/// Operators take turns by it.
fn lease() -> Value {
    rule(
        "coordination.k8s.io",
        &["leases"],
        &["get", "create", "update"],
    )
}

fn in_own_namespace(namespace: &str, rules: &[Value]) -> [Value; 2] {
    [
        json!({
            "apiVersion": RBAC,
            "kind": "Role",
            "metadata": {"name": OPERATOR, "namespace": namespace},
            "rules": rules,
        }),
        json!({
            "apiVersion": RBAC,
            "kind": "RoleBinding",
            "metadata": {"name": OPERATOR, "namespace": namespace},
            "roleRef": role("Role", OPERATOR),
            "subjects": [account(OPERATOR, namespace)],
        }),
    ]
}

fn agent() -> Vec<Value> {
    vec![
        rule(
            "projectcalico.org",
            &["deeppacketinspections"],
            &["list", "watch"],
        ),
        rule(
            "",
            &["pods", "namespaces", "serviceaccounts"],
            &["list", "watch"],
        ),
        // Names for the other ends of alerts.
        rule("", &["services"], &["list"]),
        // The owner of the node's report.
        rule("", &["nodes"], &["get"]),
        rule(
            "dpi-agent.dev",
            &["nodeinspections"],
            &["get", "create", "patch"],
        ),
        rule("dpi-agent.dev", &["nodeinspections/status"], &["patch"]),
        rule("events.k8s.io", &["events"], &["get", "create", "patch"]),
    ]
}

fn folding() -> Vec<Value> {
    vec![
        rule(
            "projectcalico.org",
            &["deeppacketinspections"],
            &["list", "watch"],
        ),
        rule(
            "projectcalico.org",
            &["deeppacketinspections/status"],
            &["update"],
        ),
        rule("dpi-agent.dev", &["nodeinspections"], &["list", "watch"]),
    ]
}

/// Each object by its name: nothing else of these kinds can be read or touched. Server-side
/// apply asks for `create` with the object's name, too. Nothing but reports is deleted: the
/// agents' objects are owned by the installation, and the cluster collects them with it.
fn installing() -> Vec<Value> {
    let apply = &["get", "create", "patch"][..];
    vec![
        // When the agents are gone.
        rule("dpi-agent.dev", &["nodeinspections"], &["deletecollection"]),
        // The first; its schema allows one name alone.
        rule("operator.tigera.io", &["intrusiondetections"], &["create"]),
        named(
            "operator.tigera.io",
            &["intrusiondetections"],
            INSTALLATION,
            &["list", "watch"],
        ),
        named(
            "operator.tigera.io",
            &["intrusiondetections/status"],
            INSTALLATION,
            &["patch"],
        ),
        named("", &["namespaces"], AGENTS_NAMESPACE, apply),
        named("", &["serviceaccounts"], AGENT, apply),
        named(
            "rbac.authorization.k8s.io",
            &["clusterroles", "clusterrolebindings"],
            AGENT,
            apply,
        ),
        named(
            "apps",
            &["daemonsets"],
            DAEMONSET,
            &["get", "list", "watch", "create", "patch"],
        ),
    ]
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": resources, "verbs": verbs})
}

fn named(group: &str, resources: &[&str], name: &str, verbs: &[&str]) -> Value {
    let mut rule = rule(group, resources, verbs);
    rule["resourceNames"] = json!([name]);
    rule
}

fn role(kind: &str, name: &str) -> Value {
    json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name})
}

fn account(name: &str, namespace: &str) -> Value {
    json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
}
