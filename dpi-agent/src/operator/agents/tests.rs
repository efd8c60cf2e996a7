//! Specifications and what is made of them.

use std::path::Path;

use dpi_api::intrusion_detection::{IntrusionDetectionSpec, IntrusionDetectionStatus};
use k8s_openapi::{
    api::apps::v1::DaemonSet, apimachinery::pkg::apis::meta::v1::OwnerReference, jiff::Timestamp,
};
use serde_json::{Value, json};

use super::{
    conditions::{Facts, Failure, Kept, status},
    render::{Rendered, render},
};
use crate::install::{self, yaml};

fn rendered(spec: &Value) -> Rendered {
    rendered_with(spec, None)
}

fn rendered_with(spec: &Value, config_map: Option<&str>) -> Rendered {
    let spec: IntrusionDetectionSpec = serde_json::from_value(spec.clone()).unwrap();
    let owner = OwnerReference {
        api_version: "operator.tigera.io/v1".to_owned(),
        kind: "IntrusionDetection".to_owned(),
        name: "tigera-secure".to_owned(),
        uid: "0-1-2".to_owned(),
        ..OwnerReference::default()
    };
    render(&spec, config_map, "a.example/dpi-agent:1", Some(&owner))
}

fn component(limits: &Value, requests: &Value) -> Value {
    json!({
        "componentName": "DeepPacketInspection",
        "resourceRequirements": {"limits": limits, "requests": requests},
    })
}

fn with_rules(containers: &Value) -> Value {
    json!({"deepPacketInspectionDaemonset": {"spec": {"template": {"spec": {
        "initContainers": containers,
    }}}}})
}

fn daemonset(rendered: &Rendered) -> &Value {
    let last = rendered.objects.last().unwrap();
    assert_eq!(last["kind"], "DaemonSet");
    last
}

/// As the page has it. Where what is rendered has changed: run this with `UPDATE_GOLDEN=1`
/// and look at the difference.
#[test]
fn what_is_rendered_is_what_was_looked_at() {
    let custom = {
        let mut spec = with_rules(&json!([{"name": "snort-rules", "image": "registry/rules:1"}]));
        spec["componentResources"] = json!([component(
            &json!({"cpu": "2", "memory": "2Gi"}),
            &json!({"cpu": "250m", "memory": "200Mi"}),
        )]);
        spec
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/operator/agents/golden");
    for (name, spec) in [("usual.yaml", json!({})), ("custom.yaml", custom)] {
        let rendered = rendered(&spec);
        assert_eq!(rendered.problems, []);
        let text = yaml(&rendered.objects).unwrap();
        let path = folder.join(name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            golden == text,
            "{name} is not what is rendered; see this test"
        );
    }
}

#[test]
fn a_config_map_takes_the_place_of_the_rules_of_the_image() {
    let rendered = rendered_with(&json!({}), Some("snort-rules"));
    assert_eq!(rendered.problems, []);
    let pod = &daemonset(&rendered)["spec"]["template"]["spec"];
    let volume = json!({
        "name": "snort-cache",
        "configMap": {"name": "snort-rules", "optional": true},
    });
    assert!(
        pod["volumes"].as_array().unwrap().contains(&volume),
        "{pod}"
    );
    let mount = json!({
        "name": "snort-cache", "mountPath": "/usr/etc/snort/rules", "readOnly": true,
    });
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    assert!(
        mounts.contains(&mount) && pod["initContainers"].is_null(),
        "{pod}"
    );
    // What cannot be meant is told, and the image's own rules are used.
    let container = with_rules(&json!([{"name": "snort-rules", "image": "i"}]));
    for (spec, name, words) in [
        (container, "snort-rules", "leave one of them"),
        (json!({}), "", "is no name"),
        (json!({}), "Snort_Rules", "is no name"),
    ] {
        let rendered = rendered_with(&spec, Some(name));
        let problem = rendered.problems[0].to_string();
        assert!(problem.contains(words), "{problem}");
        let pod = &daemonset(&rendered)["spec"]["template"]["spec"];
        assert!(!pod.to_string().contains("snort-cache"), "{pod}");
    }
}

/// Every object belongs to tigera-secure, and can be told from others' objects.
#[test]
fn everything_is_owned_and_labelled() {
    let rendered = rendered(&json!({}));
    let kinds: Vec<&str> = rendered
        .objects
        .iter()
        .map(|object| object["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "Namespace",
            "ServiceAccount",
            "ClusterRole",
            "ClusterRoleBinding",
            "DaemonSet"
        ]
    );
    for object in &rendered.objects {
        let metadata = &object["metadata"];
        assert_eq!(metadata["ownerReferences"][0]["uid"], "0-1-2", "{object}");
        let label = &metadata["labels"]["app.kubernetes.io/managed-by"];
        assert_eq!(label, "dpi-agent-operator", "{object}");
    }
}

/// What a reviewer of a privileged pod looks at first.
#[test]
fn the_pod_can_do_no_more_than_it_must() {
    let spec = with_rules(&json!([{"name": "snort-rules", "image": "i"}]));
    let rendered = rendered(&spec);
    let pod = &daemonset(&rendered)["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], false);
    for list in ["containers", "initContainers"] {
        for container in pod[list].as_array().unwrap() {
            let security = &container["securityContext"];
            assert_eq!(security["privileged"], false);
            assert_eq!(security["allowPrivilegeEscalation"], false);
            assert_eq!(security["capabilities"]["drop"], json!(["ALL"]));
        }
    }
    let agent = &pod["containers"][0];
    assert_eq!(
        agent["securityContext"]["capabilities"]["add"],
        json!(["BPF", "NET_ADMIN", "NET_RAW", "PERFMON"])
    );
    assert_eq!(agent["securityContext"]["readOnlyRootFilesystem"], true);
    let rules = &pod["initContainers"][0];
    assert!(
        rules["securityContext"]["capabilities"]
            .get("add")
            .is_none()
    );
    assert_eq!(rules["volumeMounts"].as_array().unwrap().len(), 1);
    let host: Vec<&str> = pod["volumes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|volume| volume.pointer("/hostPath/path")?.as_str())
        .collect();
    assert_eq!(
        host,
        ["/sys/fs/bpf/dpi-agent", "/sys/fs/cgroup", "/dev/net/tun"]
    );
    let mounts = agent["volumeMounts"].as_array().unwrap();
    let written: Vec<&str> = mounts
        .iter()
        .filter(|mount| mount["readOnly"] != true)
        .filter_map(|mount| mount["name"].as_str())
        .collect();
    assert_eq!(written, ["state", "pins", "tun"]);
}

#[test]
fn resources_are_the_pages_unless_asked_for() {
    let usual = json!({
        "limits": {"cpu": "1", "memory": "1Gi"},
        "requests": {"cpu": "100m", "memory": "100Mi"},
    });
    let other = component(&json!({"memory": "2Gi"}), &json!({}));
    for (components, expected) in [
        (json!([]), &usual),
        (json!([other]), &other["resourceRequirements"]),
        (
            json!([{"componentName": "DeepPacketInspection", "resourceRequirements": {}}]),
            &json!({}),
        ),
    ] {
        let rendered = rendered(&json!({"componentResources": components}));
        assert_eq!(rendered.problems, []);
        let container = &daemonset(&rendered)["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(&container["resources"], expected);
    }
}

/// Rules come from a container only where one is named.
#[test]
fn a_container_of_rules_replaces_the_images_own() {
    for spec in [
        json!({}),
        json!({"deepPacketInspectionDaemonset": {}}),
        json!({"deepPacketInspectionDaemonset": {"spec": null}}),
        json!({"deepPacketInspectionDaemonset": {"spec": {}}}),
        json!({"deepPacketInspectionDaemonset": {"spec": {"template": null}}}),
        json!({"deepPacketInspectionDaemonset": {"spec": {"template": {}}}}),
        json!({"deepPacketInspectionDaemonset": {"spec": {"template": {"spec": {}}}}}),
        with_rules(&json!([])),
    ] {
        let rendered = rendered(&spec);
        assert_eq!(rendered.problems, [], "{spec}");
        let pod = &daemonset(&rendered)["spec"]["template"]["spec"];
        assert!(pod.get("initContainers").is_none(), "{spec}");
        assert!(!pod.to_string().contains("snort-cache"), "{spec}");
    }
    let limits = json!({"limits": {"memory": "64Mi"}});
    let container = json!({"name": "snort-rules", "image": "r/i:1", "resources": limits});
    let rendered = rendered(&with_rules(&json!([container])));
    assert_eq!(rendered.problems, []);
    let pod = &daemonset(&rendered)["spec"]["template"]["spec"];
    let rules = &pod["initContainers"][0];
    assert_eq!(
        (&rules["name"], &rules["image"]),
        (&"snort-rules".into(), &"r/i:1".into())
    );
    assert_eq!(rules["resources"], limits);
    let mount = json!({"name": "snort-cache", "mountPath": "/usr/etc/snort/rules"});
    assert_eq!(rules["volumeMounts"][0], mount);
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    assert!(
        mounts
            .iter()
            .any(|m| m["name"] == "snort-cache" && m["readOnly"] == true)
    );
}

/// Each names the field; what it concerns is as usual, all else as it is asked for.
#[test]
fn odd_input_is_named_and_does_no_harm() {
    let resources = |limits: Value, requests: Value| json!({"componentResources": [component(&limits, &requests)]});
    let good = component(&json!({"cpu": "1"}), &json!({}));
    let init = |name: &str, image: &str| json!({"name": name, "image": image});
    let none = json!({});
    for (spec, message) in [
        (
            json!({"componentResources": [good, good]}),
            "spec.componentResources: 2 entries for DeepPacketInspection",
        ),
        (
            resources(json!({"cpu": "lots"}), none.clone()),
            "resourceRequirements.limits.cpu: \"lots\" is no quantity",
        ),
        (
            resources(json!({"cpu": "-1"}), none.clone()),
            "limits.cpu: \"-1\" is less than nothing",
        ),
        (
            resources(json!({"cpu": "1e12"}), none.clone()),
            "limits.cpu: \"1e12\" is more than the 4096 CPUs",
        ),
        (
            resources(none.clone(), json!({"memory": "9Ei"})),
            "requests.memory: \"9Ei\" is more than the 64Ti",
        ),
        (
            resources(none.clone(), json!({"memory": "1GB"})),
            "requests.memory: \"1GB\" is no quantity",
        ),
        (
            resources(json!({"memory": "1Gi"}), json!({"memory": "2Gi"})),
            "requests.memory: the request 2Gi is more than the limit 1Gi",
        ),
        (
            resources(json!({"memory": "10"}), none.clone()),
            "limits.memory: \"10\" does not do: memory limit of 10 bytes is too small",
        ),
        (
            with_rules(&json!([init("snort-rules", " ")])),
            "initContainers[0].image: names no image",
        ),
        (
            with_rules(&json!([init("snort-rules", "a"), init("snort-rules", "b")])),
            "initContainers: 2 containers",
        ),
        (
            json!({"componentResources": [{
                "componentName": "DeepPacketInspection",
                "resourceRequirements": {"claims": [{"name": "gpu"}]},
            }]}),
            "resourceRequirements.claims: the agents use no resource claims",
        ),
    ] {
        let found = rendered(&spec);
        assert_eq!(found.problems.len(), 1, "{spec}: {:?}", found.problems);
        let text = found.problems[0].to_string();
        assert!(text.contains(message), "{text}");
        assert_eq!(found.objects, rendered(&json!({})).objects, "{spec}");
    }
}

fn agents(
    generation: i64,
    observed: i64,
    desired: i32,
    updated: i32,
    available: i32,
) -> Box<DaemonSet> {
    serde_json::from_value(json!({
        "metadata": {"generation": generation},
        "status": {
            "observedGeneration": observed,
            "currentNumberScheduled": desired,
            "desiredNumberScheduled": desired,
            "numberMisscheduled": 0,
            "numberReady": available,
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
        },
    }))
    .unwrap()
}

fn told(
    facts: &Facts<'_>,
    before: Option<&IntrusionDetectionStatus>,
    at: i64,
) -> IntrusionDetectionStatus {
    status(facts, before, Timestamp::from_second(at).unwrap())
}

#[test]
fn conditions_follow_the_rollout() {
    let refused = || {
        Some(Failure {
            reason: "Refused",
            message: "DaemonSet tigera-dpi: no".to_owned(),
        })
    };
    let problem = ["spec.a: wrong".to_owned()];
    for (daemonset, problems, failure, state, message) in [
        (None, &[][..], None, "Progressing", "not there yet"),
        (
            Some(Box::default()),
            &[],
            None,
            "Progressing",
            "not been looked at",
        ),
        (
            Some(agents(2, 1, 2, 2, 2)),
            &[],
            None,
            "Progressing",
            "change",
        ),
        (
            Some(agents(2, 2, 2, 1, 1)),
            &[],
            None,
            "Progressing",
            "1 of 2 nodes",
        ),
        (
            Some(agents(2, 2, 2, 2, 2)),
            &[],
            None,
            "Ready",
            "2 of 2 nodes",
        ),
        // A cluster without a Linux node.
        (
            Some(agents(1, 1, 0, 0, 0)),
            &[],
            None,
            "Ready",
            "0 of 0 nodes",
        ),
        (
            Some(agents(2, 2, 2, 2, 2)),
            &[],
            refused(),
            "Degraded",
            "2 of 2 nodes",
        ),
        (
            Some(agents(2, 2, 2, 2, 2)),
            &problem,
            None,
            "Degraded",
            "2 of 2 nodes",
        ),
    ] {
        let facts = Facts {
            generation: 5,
            problems,
            kept: Kept::Before,
            failure,
            daemonset: daemonset.as_deref(),
        };
        let status = told(&facts, None, 100);
        assert_eq!(status.state.as_deref(), Some(state), "{status:?}");
        let types: Vec<&str> = status.conditions.iter().map(|c| c.type_.as_str()).collect();
        assert_eq!(types, ["Ready", "Progressing", "Degraded"]);
        assert!(status.conditions[0].message.contains(message), "{status:?}");
        assert_ne!(status.conditions[0].status, status.conditions[1].status);
        let degraded = &status.conditions[2];
        assert_eq!(degraded.status == "True", state == "Degraded");
        for condition in &status.conditions {
            assert_eq!(condition.observed_generation, Some(5));
            assert!(!condition.reason.is_empty());
        }
    }
}

#[test]
fn what_goes_on_in_spite_of_a_bad_specification_is_said() {
    let problems = ["spec.a: wrong".to_owned(), "spec.b: wrong".to_owned()];
    for (kept, words) in [
        (Kept::Before, "the agents go on as they were"),
        (Kept::Usual, "the agents have the usual instead"),
    ] {
        let facts = Facts {
            generation: 1,
            problems: &problems,
            kept,
            failure: None,
            daemonset: None,
        };
        let degraded = &told(&facts, None, 1).conditions[2];
        assert_eq!(degraded.reason, "InvalidSpec");
        let message = format!("spec.a: wrong; spec.b: wrong; until then {words}");
        assert_eq!(degraded.message, message);
    }
}

#[test]
fn conditions_keep_the_time_of_their_change() {
    let seen = |daemonset: &DaemonSet, before: Option<&IntrusionDetectionStatus>, at| {
        let facts = Facts {
            generation: 1,
            problems: &[],
            kept: Kept::Before,
            failure: None,
            daemonset: Some(daemonset),
        };
        told(&facts, before, at)
    };
    let times = |status: &IntrusionDetectionStatus| -> Vec<i64> {
        let conditions = status.conditions.iter();
        conditions
            .map(|c| c.last_transition_time.0.as_second())
            .collect()
    };
    let (going, done) = (agents(1, 1, 2, 1, 1), agents(1, 1, 2, 2, 2));
    let first = seen(&going, None, 100);
    assert_eq!(times(&first), [100, 100, 100]);
    let second = seen(&going, Some(&first), 200);
    assert_eq!(second, first);
    let third = seen(&done, Some(&second), 300);
    assert_eq!(times(&third), [300, 300, 100]);
}

/// The operator holds every right that it gives.
#[test]
fn nobody_is_given_more_than_the_operator_has() {
    let find = |objects: &[Value], name: &str| {
        let found = objects
            .iter()
            .find(|object| object["kind"] == "ClusterRole" && object["metadata"]["name"] == name);
        found.unwrap()["rules"].as_array().unwrap().clone()
    };
    let agents = find(&rendered(&json!({})).objects, "dpi-agent");
    let operator = find(&install::install("ns", "i"), "dpi-agent-operator");
    for rule in agents {
        assert!(operator.contains(&rule), "{rule}");
    }
}
