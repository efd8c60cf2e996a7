//! Tables of selection.

use serde_json::json;

use super::*;
use crate::snapshot::{Annotations, Builder};

fn inspection(builder: &mut Builder, namespace: &str, name: &str, selector: Option<&str>) {
    let object = json!({
        "apiVersion": "projectcalico.org/v3",
        "kind": "DeepPacketInspection",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": selector},
    });
    let _ = builder
        .inspection(&serde_json::from_value(object).unwrap())
        .unwrap();
}

fn pod(builder: &mut Builder, namespace: &str, name: &str, app: &str, status: &serde_json::Value) {
    let object = json!({
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": app}},
        "status": status,
    });
    builder
        .pod(
            &serde_json::from_value(object).unwrap(),
            Annotations::Honour,
        )
        .unwrap();
}

fn running(ip: &str) -> serde_json::Value {
    json!({"phase": "Running", "podIP": ip})
}

/// Two namespaces, `red` inspected and `blue` not, with two pods each.
fn red_and_blue(selector: Option<&str>) -> Snapshot {
    let mut builder = Builder::new(None);
    inspection(&mut builder, "red", "all", selector);
    for (namespace, name, ip) in [
        ("red", "red1", "10.0.0.1"),
        ("red", "red2", "10.0.0.2"),
        ("blue", "blue1", "10.0.1.1"),
        ("blue", "blue2", "10.0.1.2"),
    ] {
        pod(&mut builder, namespace, name, namespace, &running(ip));
    }
    builder.build()
}

fn names(desired: &Desired) -> Vec<&str> {
    desired
        .endpoints
        .iter()
        .map(|e| e.pod.name.as_str())
        .collect()
}

/// The ends of a packet that report it.
fn reporters<'a>(desired: &'a Desired, src: &str, dest: &str) -> Vec<&'a str> {
    let is_end = |pod: &Pod| pod.name == src || pod.name == dest;
    let ends = desired.endpoints.iter().filter(|e| is_end(&e.pod));
    ends.map(|e| e.pod.name.as_str()).collect()
}

#[test]
fn each_selected_end_reports() {
    let desired = desired(&red_and_blue(Some("all()")));
    for (src, dest, want) in [
        ("red1", "red2", vec!["red1", "red2"]),
        ("red2", "red1", vec!["red1", "red2"]),
        ("red1", "blue1", vec!["red1"]),
        ("blue2", "red2", vec!["red2"]),
        ("blue2", "blue1", vec![]),
    ] {
        assert_eq!(reporters(&desired, src, dest), want, "{src} to {dest}");
    }
}

#[test]
fn selectors_select_in_their_own_namespace() {
    for (selector, want) in [
        (None, vec!["red1", "red2"]),
        (Some(""), vec!["red1", "red2"]),
        (Some("all()"), vec!["red1", "red2"]),
        (Some("global()"), vec!["red1", "red2"]),
        (Some("app == 'red'"), vec!["red1", "red2"]),
        (Some("app == 'blue'"), vec![]),
        (Some("projectcalico.org/namespace == 'blue'"), vec![]),
        (
            Some("pcns.projectcalico.org/name == 'red'"),
            vec!["red1", "red2"],
        ),
        (Some("!all()"), vec![]),
        (Some("app in {}"), vec![]),
    ] {
        assert_eq!(
            names(&desired(&red_and_blue(selector))),
            want,
            "{selector:?}"
        );
    }
}

#[test]
fn an_unreadable_selector_selects_nothing_and_is_reported() {
    let snapshot = red_and_blue(Some("app = 'red'"));
    let desired = desired(&snapshot);
    assert!(desired.endpoints.is_empty());
    let report = &desired.inspections[0];
    assert_eq!(report.inspection.to_string(), "red/all");
    let error = report.accepted.as_ref().unwrap_err();
    assert_eq!(error.column(), 5);
    assert!(error.to_string().contains("write `==`"), "{error}");
    assert!(report.selected.is_empty());
}

#[test]
fn an_unreadable_selector_leaves_the_others() {
    let mut builder = Builder::new(None);
    inspection(&mut builder, "red", "bad", Some("("));
    inspection(&mut builder, "red", "good", Some("has(app)"));
    pod(&mut builder, "red", "red1", "x", &running("10.0.0.1"));
    let desired = desired(&builder.build());
    assert_eq!(names(&desired), ["red1"]);
    let accepted: Vec<bool> = desired
        .inspections
        .iter()
        .map(|i| i.accepted.is_ok())
        .collect();
    assert_eq!(accepted, [false, true]);
}

#[test]
fn a_pod_lists_every_inspection_that_selects_it() {
    let mut builder = Builder::new(None);
    inspection(&mut builder, "red", "zebra", Some("has(app)"));
    inspection(&mut builder, "red", "ant", Some("all()"));
    inspection(&mut builder, "red", "miss", Some("app == 'y'"));
    inspection(&mut builder, "blue", "ant", Some("all()"));
    pod(&mut builder, "red", "red1", "x", &running("10.0.0.1"));
    let desired = desired(&builder.build());
    let listed: Vec<String> = desired.endpoints[0]
        .inspections
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(listed, ["red/ant", "red/zebra"]);
}

#[test]
fn pods_are_selected_from_before_they_have_an_address_until_they_finish() {
    let annotated = json!({"metadata": {"name": "p", "namespace": "red",
        "annotations": {"dpi-agent.dev/interface": "veth0"}}});
    let on_host =
        json!({"metadata": {"name": "p", "namespace": "red"}, "spec": {"hostNetwork": true}});
    let status = |status: serde_json::Value| json!({"metadata": {"name": "p", "namespace": "red"}, "status": status});
    for (object, selected) in [
        (status(running("10.0.0.1")), 1),
        (status(json!({"phase": "Pending"})), 1),
        (status(json!({"phase": "Pending", "podIP": "10.0.0.1"})), 1),
        (
            status(json!({"phase": "Succeeded", "podIP": "10.0.0.1"})),
            0,
        ),
        (status(json!({"phase": "Failed"})), 0),
        (annotated, 1),
        (on_host, 1),
    ] {
        let mut builder = Builder::new(None);
        inspection(&mut builder, "red", "all", None);
        builder
            .pod(
                &serde_json::from_value(object.clone()).unwrap(),
                Annotations::Honour,
            )
            .unwrap();
        let desired = desired(&builder.build());
        let report = &desired.inspections[0];
        assert_eq!(
            (report.selected.len(), desired.endpoints.len()),
            (selected, selected),
            "{object}"
        );
    }
}

#[test]
fn nothing_is_desired_of_nothing() {
    assert_eq!(desired(&Snapshot::default()), Desired::default());
    let mut builder = Builder::new(None);
    pod(&mut builder, "red", "red1", "x", &running("10.0.0.1"));
    assert_eq!(desired(&builder.build()), Desired::default());
}
