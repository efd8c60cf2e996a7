//! The `DaemonSet`, hardened: four capabilities, nothing that can be written to but what the
//! agent keeps its state in, and its token where it is used alone.

use k8s_openapi::api::core::v1::ResourceRequirements;
use serde_json::{Value, json};

use crate::install::{AGENT, AGENTS_NAMESPACE, DAEMONSET};

/// Where rules lie, in the image and for `snort-rules`.
const RULES: &str = "/usr/etc/snort/rules";
/// The agents' own directory on the node's BPF file system, and where it is in the container.
const PINS: &str = "/sys/fs/bpf/dpi-agent";
const PINS_INSIDE: &str = "/bpf";
/// Of `/metrics`, `/healthz` and `/readyz`: on the node's loopback, as Calico's agent.
const PORT: u16 = 9097;
/// Programs are attached by interface, packets are cloned to a device and read from rings.
const CAPABILITIES: [&str; 4] = ["BPF", "NET_ADMIN", "NET_RAW", "PERFMON"];

/// What may differ.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) image: &'a str,
    pub(super) resources: &'a ResourceRequirements,
    pub(super) rules: Option<RulesSource<'a>>,
}

/// What takes the place of the image's own rules.
#[derive(Clone, Copy, Debug)]
pub(super) enum RulesSource<'a> {
    /// A container that copies them before the agent starts.
    Container(RulesContainer<'a>),
    /// A `ConfigMap` of the agents' namespace; its keys are the files' names.
    ConfigMap(&'a str),
}

/// The container that brings rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct RulesContainer<'a> {
    pub(super) image: &'a str,
    pub(super) resources: Option<&'a ResourceRequirements>,
}

/// The object, without labels and owner.
pub(super) fn daemonset(wanted: &Wanted<'_>) -> Value {
    // Calico's agents carry the same label.
    let labels = json!({"k8s-app": DAEMONSET});
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": DAEMONSET, "namespace": AGENTS_NAMESPACE},
        "spec": {
            "selector": {"matchLabels": labels},
            "updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": "10%"},
            },
            "template": {
                "metadata": {"labels": labels},
                "spec": pod(wanted),
            },
        },
    })
}

fn pod(wanted: &Wanted<'_>) -> Value {
    let mut pod = json!({
        "serviceAccountName": AGENT,
        // Mounted into one container by hand.
        "automountServiceAccountToken": false,
        "hostNetwork": true,
        // A pod's interfaces are found by its processes.
        "hostPID": true,
        "dnsPolicy": "ClusterFirstWithHostNet",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"operator": "Exists"}],
        "priorityClassName": "system-node-critical",
        // It detaches everything first.
        "terminationGracePeriodSeconds": 30,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [agent(wanted)],
        "volumes": volumes(),
    });
    let Some(rules) = wanted.rules else {
        return pod;
    };
    let volume = match rules {
        RulesSource::Container(container) => {
            pod["initContainers"] = json!([rules_container(container)]);
            json!({"name": "snort-cache", "emptyDir": {}})
        }
        // One that is not there must not keep the agents from starting: the status says that
        // there are no rules, and they come with it.
        RulesSource::ConfigMap(name) => {
            json!({"name": "snort-cache", "configMap": {"name": name, "optional": true}})
        }
    };
    let mount = json!({"name": "snort-cache", "mountPath": RULES, "readOnly": true});
    push(&mut pod["containers"][0]["volumeMounts"], mount);
    push(&mut pod["volumes"], volume);
    pod
}

fn agent(wanted: &Wanted<'_>) -> Value {
    let field = |name: &str, path: &str| json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}});
    let probe = |path: &str| json!({"httpGet": {"host": "127.0.0.1", "port": PORT, "path": path}});
    let with = |mut probe: Value, period: u32, failures: u32| {
        probe["periodSeconds"] = period.into();
        probe["failureThreshold"] = failures.into();
        probe["timeoutSeconds"] = 5.into();
        probe
    };
    json!({
        "name": DAEMONSET,
        "image": wanted.image,
        "args": [
            "node",
            format!("--rules={RULES}"),
            // Machines that share a kernel, as test clusters' do, share its BPF file system.
            format!("--pin-dir={PINS_INSIDE}/$(NODE_NAME)"),
            format!("--metrics=127.0.0.1:{PORT}"),
        ],
        "env": [
            field("NODE_NAME", "spec.nodeName"),
            field("POD_NAME", "metadata.name"),
        ],
        "resources": wanted.resources,
        "securityContext": {
            "runAsUser": 0,
            "runAsGroup": 0,
            "privileged": false,
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"], "add": CAPABILITIES},
        },
        "readinessProbe": with(probe("/readyz"), 2, 3),
        "livenessProbe": with(probe("/healthz"), 10, 6),
        "volumeMounts": [
            {"name": "state", "mountPath": "/run/dpi-agent"},
            {"name": "pins", "mountPath": PINS_INSIDE},
            {"name": "cgroup", "mountPath": "/sys/fs/cgroup", "readOnly": true},
            {"name": "tun", "mountPath": "/dev/net/tun"},
            {
                "name": "token",
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                "readOnly": true,
            },
        ],
    })
}

fn volumes() -> Value {
    json!([
        // Outlives the agent, not its pod.
        {"name": "state", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
        {"name": "pins", "hostPath": {"path": PINS, "type": "DirectoryOrCreate"}},
        {"name": "cgroup", "hostPath": {"path": "/sys/fs/cgroup", "type": "Directory"}},
        {"name": "tun", "hostPath": {"path": "/dev/net/tun", "type": "CharDevice"}},
        {"name": "token", "projected": {"sources": [
            {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}},
            {"configMap": {
                "name": "kube-root-ca.crt",
                "items": [{"key": "ca.crt", "path": "ca.crt"}],
            }},
            {"downwardAPI": {"items": [
                {"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}},
            ]}},
        ]}},
    ])
}

/// Anybody's image: root perhaps, since alpine's are, but with no capability, and nothing of
/// the node to be seen but what the pod shares.
fn rules_container(rules: RulesContainer<'_>) -> Value {
    let mut container = json!({
        "name": "snort-rules",
        "image": rules.image,
        "securityContext": {
            "privileged": false,
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "snort-cache", "mountPath": RULES}],
    });
    if let Some(resources) = rules.resources {
        container["resources"] = json!(resources);
    }
    container
}

fn push(list: &mut Value, item: Value) {
    if let Value::Array(items) = list {
        items.push(item);
    }
}
