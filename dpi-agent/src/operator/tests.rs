//! What reports come to, and how it is written.

use std::time::Duration;

use dpi_api::{
    inspection::{DeepPacketInspectionSpec, DeepPacketInspectionStatus},
    node_inspection::{InspectionReport, NodeInspectionStatus},
};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    controller,
    fold::{Heard, SILENT, Subject, fold},
};
use crate::apiserver::mock::{self, Call, Reply};

const NOW: i64 = 100_000;

fn node(about: &Value, change: &Value) -> NodeInspectionStatus {
    let mut about = about.clone();
    for (key, value) in [("namespace", "red"), ("name", "all"), ("uid", "u")] {
        about[key] = value.into();
    }
    about["generation"] = about.get("generation").cloned().unwrap_or(3.into());
    let mut status = json!({
        "agent": {"version": "1", "instance": "i"},
        "heartbeat": Timestamp::from_second(NOW - 10).unwrap().to_string(),
        "state": "Inspecting",
        "rules": {"loaded": 10},
        "inspections": [about],
    });
    for (key, value) in change.as_object().into_iter().flatten() {
        status[key] = value.clone();
    }
    serde_json::from_value(status).unwrap()
}

fn pods(selected: u32, inspected: u32, alerts: i64) -> Value {
    json!({
        "podsSelected": selected, "podsInspected": inspected, "alerts": alerts,
        "active": if selected == inspected { json!({"success": true}) } else { json!({}) },
        "errorConditions": if selected == inspected {
            json!([])
        } else {
            json!([{"message": "NoHostRoute: pod red/a: no route"}])
        },
    })
}

fn folded(
    selector: &str,
    settled: bool,
    nodes: &[NodeInspectionStatus],
    before: Option<&DeepPacketInspectionStatus>,
    now: i64,
) -> DeepPacketInspectionStatus {
    let spec = DeepPacketInspectionSpec {
        selector: Some(selector.to_owned()),
    };
    let subject = Subject {
        uid: "u",
        generation: 3,
        spec: &spec,
        settled,
    };
    let names: Vec<String> = (0..nodes.len()).map(|n| format!("n{n}")).collect();
    let about =
        |whole: &NodeInspectionStatus| -> Vec<InspectionReport> { whole.inspections.clone() };
    let reports: Vec<_> = nodes.iter().map(about).collect();
    let heard: Vec<_> = nodes
        .iter()
        .zip(&names)
        .zip(&reports)
        .filter_map(|((whole, node), about)| {
            Some(Heard {
                node,
                whole,
                about: about.first()?,
            })
        })
        .collect();
    let now = Timestamp::from_second(now).unwrap();
    fold(subject, nodes.len(), &heard, before, now)
}

/// Status and reason of each condition.
fn conditions(status: &DeepPacketInspectionStatus) -> Vec<String> {
    let each = status.conditions.iter();
    each.map(|c| format!("{}={} {}", c.type_, c.status, c.reason))
        .collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn conditions_follow_from_the_reports() {
    let none = json!({});
    let old = Timestamp::from_second(NOW - 1).unwrap() - SILENT;
    let old = json!({"heartbeat": old.to_string()});
    let good = || node(&pods(2, 2, 5), &none);
    let mut behind = pods(2, 2, 0);
    behind["generation"] = 2.into();
    for (what, selector, settled, nodes, accepted, programmed, ready, totals) in [
        (
            "all is well",
            "all()",
            true,
            vec![good(), node(&pods(1, 1, 1), &none)],
            "True SelectorValid",
            "True PodsInspected",
            "True PodsInspected",
            ("3/3", "2/2"),
        ),
        (
            "a pod is not inspected",
            "",
            true,
            vec![good(), node(&pods(2, 1, 0), &none)],
            "True SelectorValid",
            "False PodsNotInspected",
            "False PodsNotInspected",
            ("3/4", "1/2"),
        ),
        (
            "a bad selector",
            "app = 'x'",
            true,
            vec![],
            "False SelectorInvalid",
            "False NotAccepted",
            "False SelectorInvalid",
            ("0/0", "0/0"),
        ),
        (
            "nobody reports",
            "all()",
            true,
            vec![],
            "True SelectorValid",
            "Unknown NoAgents",
            "Unknown NoAgents",
            ("0/0", "0/0"),
        ),
        (
            "just made",
            "all()",
            false,
            vec![node(&pods(0, 0, 0), &none)],
            "True SelectorValid",
            "Unknown Pending",
            "Unknown Pending",
            ("0/0", "0/0"),
        ),
        (
            "nothing selected",
            "all()",
            true,
            vec![node(&pods(0, 0, 0), &none)],
            "True SelectorValid",
            "True NothingSelected",
            "True NothingSelected",
            ("0/0", "0/0"),
        ),
        (
            "a node is behind",
            "all()",
            true,
            vec![node(&behind, &none)],
            "True SelectorValid",
            "Unknown Pending",
            "Unknown Pending",
            ("2/2", "1/1"),
        ),
        (
            "a node is silent",
            "all()",
            true,
            vec![good(), node(&pods(1, 1, 0), &old)],
            "True SelectorValid",
            "False PodsNotInspected",
            "False PodsNotInspected",
            ("2/3", "1/2"),
        ),
        (
            "an agent is stopped",
            "all()",
            true,
            vec![good(), node(&pods(1, 1, 0), &json!({"state": "Stopped"}))],
            "True SelectorValid",
            "False PodsNotInspected",
            "False PodsNotInspected",
            ("2/3", "1/2"),
        ),
        (
            "a node is cut off",
            "all()",
            true,
            vec![node(&pods(1, 1, 0), &json!({"stale": true}))],
            "True SelectorValid",
            "True PodsInspected",
            "False NodesImpaired",
            ("1/1", "1/1"),
        ),
        (
            "a node has no rules",
            "all()",
            true,
            vec![node(&pods(1, 1, 0), &json!({"rules": {"loaded": 0}}))],
            "True SelectorValid",
            "True PodsInspected",
            "False NodesImpaired",
            ("1/1", "1/1"),
        ),
    ] {
        let status = folded(selector, settled, &nodes, None, NOW);
        let expected = [
            format!("Accepted={accepted}"),
            format!("Programmed={programmed}"),
            format!("Ready={ready}"),
        ];
        assert_eq!(conditions(&status), expected, "{what}");
        let sums = status.totals.as_ref().unwrap();
        assert_eq!((sums.pods.as_str(), sums.nodes.as_str()), totals, "{what}");
        assert!(
            status
                .conditions
                .iter()
                .all(|c| c.observed_generation == Some(3)),
            "{what}"
        );
    }
}

#[test]
fn a_bad_selector_is_told_with_column_and_hint() {
    let status = folded("app = 'x'", true, &[], None, NOW);
    let message = &status.conditions[0].message;
    assert!(
        message.contains("column 5") && message.contains("=="),
        "{message}"
    );
}

#[test]
fn counts_are_summed_and_nodes_that_go_vanish() {
    let packets = json!({"packets": {"seen": 9, "dropped": 4}});
    let both = [
        node(&pods(1, 1, 5), &packets),
        node(&pods(0, 0, 2), &packets),
    ];
    let first = folded("all()", true, &both, None, NOW);
    let totals = first.totals.as_ref().unwrap();
    // The second node selects nothing now: its drops are not of this inspection.
    assert_eq!((totals.alerts, totals.drops), (7, 4));
    assert_eq!(first.nodes.len(), 1);
    let none: DeepPacketInspectionStatus = folded("all()", true, &[], Some(&first), NOW + 1);
    assert!(none.nodes.is_empty());
    // Of an object that had the name before.
    let mut other = node(&pods(1, 1, 5), &json!({}));
    other.inspections[0].uid = "before".to_owned();
    assert_eq!(
        folded("all()", true, &[other], None, NOW)
            .totals
            .unwrap()
            .alerts,
        0
    );
}

#[test]
fn times_change_only_with_what_they_are_of() {
    let nodes = [node(&pods(2, 1, 0), &json!({}))];
    let first = folded("all()", true, &nodes, None, NOW);
    assert_eq!(folded("all()", true, &nodes, Some(&first), NOW + 50), first);
    let good = folded(
        "all()",
        true,
        &[node(&pods(2, 2, 0), &json!({}))],
        Some(&first),
        NOW + 60,
    );
    let time = |status: &DeepPacketInspectionStatus, n: usize| {
        status.conditions[n].last_transition_time.0.as_second()
    };
    assert_eq!(
        (time(&good, 0), time(&good, 1), time(&good, 2)),
        (NOW, NOW + 60, NOW + 60)
    );
    // A node falls silent, once.
    let silent = i64::try_from(SILENT.as_secs()).unwrap() + 60;
    let nodes = [node(&pods(2, 2, 0), &json!({}))];
    let before = folded("all()", true, &nodes, None, NOW);
    let fallen = folded("all()", true, &nodes, Some(&before), NOW + silent);
    assert!(!fallen.nodes[0].active.success);
    assert_eq!(
        folded("all()", true, &nodes, Some(&fallen), NOW + silent + 30),
        fallen
    );
}

#[test]
fn errors_are_ten_at_most() {
    let many: Vec<Value> = (0..10)
        .map(|n| json!({"message": format!("m{n}")}))
        .collect();
    let mut about = pods(2, 1, 0);
    about["errorConditions"] = many.clone().into();
    let nodes = [node(
        &about,
        &json!({"errorConditions": many, "state": "Stopped"}),
    )];
    let status = folded("all()", true, &nodes, None, NOW);
    assert_eq!(status.nodes[0].error_conditions.len(), 10);
    assert!(
        status.nodes[0].error_conditions[0]
            .message
            .contains("is stopped")
    );
}

fn object() -> Value {
    json!({
        "apiVersion": "projectcalico.org/v3",
        "kind": "DeepPacketInspection",
        "metadata": {
            "name": "all", "namespace": "red", "uid": "u", "generation": 3, "resourceVersion": "7",
        },
        "spec": {"selector": "all()"},
    })
}

fn is_write(call: &Call) -> bool {
    call.method == "PUT"
}

/// The controller against a CRD that keeps the status whole, and against Calico's, which
/// keeps `nodes` alone: in neither does it write again what it wrote.
#[tokio::test]
async fn it_writes_once_beside_any_crd() {
    for calicos in [false, true] {
        let (tell, stream) = tokio::sync::mpsc::unbounded_channel();
        let mut stream = Some(stream);
        let mut conflict = true;
        let (client, server) = mock::server(move |call| {
            let inspections = call.path.ends_with("/deeppacketinspections");
            if is_write(&call) {
                if std::mem::take(&mut conflict) {
                    return Reply::error(409, "Conflict", "the object has been modified");
                }
                let mut object = call.body.clone();
                if calicos {
                    let nodes = object["status"]["nodes"].clone();
                    object["status"] = json!({"nodes": nodes});
                }
                tell.send(mock::event("MODIFIED", &object)).unwrap();
                return Reply::ok(object);
            }
            if call.is_watch() {
                return match stream.take_if(|_| inspections) {
                    Some(stream) => Reply::Stream(stream),
                    None => Reply::Watch(Vec::new(), true),
                };
            }
            if inspections {
                return Reply::list("7", &[object()]);
            }
            let mut about = node(&pods(1, 1, 2), &json!({}));
            about.heartbeat = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(
                Timestamp::now(),
            ));
            let report = json!({
                "apiVersion": "dpi-agent.dev/v1alpha1",
                "kind": "NodeInspection",
                "metadata": {"name": "n1", "resourceVersion": "5"},
                "spec": {},
                "status": about,
            });
            Reply::list("7", &[report])
        });
        let task = tokio::spawn(controller::run(client));
        server.wait_for(2, is_write).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        task.abort();
        let writes: Vec<_> = server.calls().into_iter().filter(is_write).collect();
        assert_eq!(writes.len(), 2, "calicos: {calicos}");
        let written = &writes[1].body;
        assert_eq!(written["metadata"]["resourceVersion"], "7");
        assert_eq!(written["status"]["nodes"][0]["node"], "n1");
        assert_eq!(written["status"]["totals"]["pods"], "1/1");
        assert_eq!(written["status"]["totals"]["alerts"], 2);
    }
}
