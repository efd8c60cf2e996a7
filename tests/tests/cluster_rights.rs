//! What the manifests allow, on a real API server: the agent and the operator can do what
//! they must and nothing beyond, and an agent reports for its own node alone.

use std::{fs, path::Path};

use anyhow::Result;
use dpi_tests::kube::{ApiServer, Kubectl};
use serde_json::{Value, json};

const NAMESPACE: &str = "tigera-dpi";

/// Account, verb, group, resource, whether it is allowed.
const RIGHTS: &[(&str, &str, &str, &str, bool)] = &[
    ("dpi-agent", "list", "", "pods", true),
    ("dpi-agent", "watch", "", "pods", true),
    ("dpi-agent", "watch", "", "namespaces", true),
    ("dpi-agent", "watch", "", "serviceaccounts", true),
    ("dpi-agent", "list", "", "services", true),
    (
        "dpi-agent",
        "watch",
        "projectcalico.org",
        "deeppacketinspections",
        true,
    ),
    (
        "dpi-agent",
        "patch",
        "dpi-agent.dev",
        "nodeinspections",
        true,
    ),
    (
        "dpi-agent",
        "patch",
        "dpi-agent.dev",
        "nodeinspections/status",
        true,
    ),
    ("dpi-agent", "create", "events.k8s.io", "events", true),
    ("dpi-agent", "patch", "events.k8s.io", "events", true),
    ("dpi-agent", "get", "", "secrets", false),
    ("dpi-agent", "list", "", "configmaps", false),
    ("dpi-agent", "create", "", "pods", false),
    ("dpi-agent", "create", "", "pods/exec", false),
    ("dpi-agent", "delete", "", "pods", false),
    ("dpi-agent", "patch", "", "nodes", false),
    ("dpi-agent", "create", "", "serviceaccounts/token", false),
    (
        "dpi-agent",
        "update",
        "projectcalico.org",
        "deeppacketinspections/status",
        false,
    ),
    (
        "dpi-agent",
        "delete",
        "projectcalico.org",
        "deeppacketinspections",
        false,
    ),
    (
        "dpi-agent",
        "delete",
        "dpi-agent.dev",
        "nodeinspections",
        false,
    ),
    ("dpi-agent", "delete", "events.k8s.io", "events", false),
    (
        "dpi-agent-operator",
        "update",
        "projectcalico.org",
        "deeppacketinspections/status",
        true,
    ),
    (
        "dpi-agent-operator",
        "watch",
        "dpi-agent.dev",
        "nodeinspections",
        true,
    ),
    ("dpi-agent-operator", "get", "", "secrets", false),
    ("dpi-agent-operator", "create", "", "pods/exec", false),
    (
        "dpi-agent-operator",
        "patch",
        "dpi-agent.dev",
        "nodeinspections",
        false,
    ),
    ("dpi-agent-operator", "patch", "", "nodes", false),
];

#[test]
fn accounts_can_do_what_they_must_and_nothing_beyond() -> Result<()> {
    let Some(server) = ApiServer::start()? else {
        return Ok(());
    };
    let kubectl = server.kubectl();
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/cluster.yaml");
    kubectl.apply(&fs::read_to_string(deploy)?)?;
    rights(&kubectl)?;
    own_node_alone(&server)
}

fn rights(kubectl: &Kubectl) -> Result<()> {
    let reviews = RIGHTS.iter().map(|(account, verb, group, resource, _)| {
        let (resource, part) = resource.split_once('/').unwrap_or((resource, ""));
        json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": format!("system:serviceaccount:{NAMESPACE}:{account}"),
                "groups": ["system:serviceaccounts", "system:authenticated"],
                "resourceAttributes": {
                    "namespace": "red",
                    "verb": verb,
                    "group": group,
                    "resource": resource,
                    "subresource": part,
                },
            },
        })
    });
    let list = json!({
        "apiVersion": "v1",
        "kind": "List",
        "items": reviews.collect::<Vec<Value>>(),
    });
    let arguments = ["create", "--filename=-", "--output=json"];
    // One object after the other, rather than a list.
    let answers = kubectl.with_input(&arguments, &list.to_string())?;
    let answers = serde_json::Deserializer::from_str(&answers).into_iter::<Value>();
    let answers = answers.collect::<Result<Vec<Value>, _>>()?;
    assert_eq!(answers.len(), RIGHTS.len());
    for (right, answer) in RIGHTS.iter().zip(answers) {
        assert_eq!(answer["status"]["allowed"], right.4, "{right:?}: {answer}");
    }
    Ok(())
}

/// The admission policy holds an agent to the node that its token names.
fn own_node_alone(server: &ApiServer) -> Result<()> {
    let kubectl = server.kubectl();
    let nodes = ["node-a", "node-b"]
        .map(|name| json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}));
    let list = json!({"apiVersion": "v1", "kind": "List", "items": nodes});
    kubectl.apply(&list.to_string())?;
    let rights = server.service_account_on(NAMESPACE, "dpi-agent", Some("node-a"))?;
    let agent = kubectl.with_kubeconfig(&rights);
    let report = |node: &str| {
        let report = json!({
            "apiVersion": "dpi-agent.dev/v1alpha1",
            "kind": "NodeInspection",
            "metadata": {"name": node},
            "spec": {},
        });
        let arguments = ["apply", "--server-side", "--filename=-"];
        agent.with_input(&arguments, &report.to_string())
    };
    // The policy takes effect some moments after it is applied.
    let begun = std::time::Instant::now();
    let refusal = loop {
        match report("node-b") {
            Err(refusal) => break refusal.to_string(),
            Ok(_) if begun.elapsed().as_secs() > 20 => anyhow::bail!("node-b's report is taken"),
            Ok(_) => std::thread::sleep(std::time::Duration::from_millis(200)),
        }
    };
    assert!(
        refusal.contains("node-b") || refusal.contains("own"),
        "{refusal}"
    );
    report("node-a").map(drop)
}
