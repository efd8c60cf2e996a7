//! The keeper against an API server that says what a scenario wants.

use std::time::Duration;

use serde_json::{Value, json};

use super::run;
use crate::apiserver::mock::{self, Call, Reply, Server};

const IMAGE: &str = "a.example/dpi-agent:1";

/// What a cluster has, and what it answers.
#[derive(Clone, Default)]
struct Scene {
    /// Of tigera-secure, if there is one.
    spec: Option<Value>,
    /// The `DaemonSet`, if there is one.
    daemonset: Option<Value>,
    /// The operator has made tigera-secure before.
    remembered: bool,
    /// Kind that may not be applied, and the answer.
    refuses: Option<(&'static str, u16)>,
}

impl Scene {
    fn answer(&self, call: &Call) -> Reply {
        if call.is_watch() {
            return Reply::Watch(Vec::new(), true);
        }
        if call.path.contains("/leases/") {
            let notes = if self.remembered {
                json!({"dpi-agent.dev/installation-made": "true"})
            } else {
                json!({})
            };
            let metadata = json!({"name": "dpi-agent-operator", "annotations": notes});
            return Reply::ok(json!({
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": metadata,
            }));
        }
        if call.method == "GET" && call.path.ends_with("/intrusiondetections") {
            let items: Vec<Value> = self.spec.iter().map(installation).collect();
            return Reply::list("5", &items);
        }
        if call.method == "GET" && call.path.ends_with("/daemonsets") {
            let items: Vec<Value> = self.daemonset.iter().cloned().collect();
            return Reply::list("5", &items);
        }
        match self.refuses {
            Some((kind, code)) if call.body["kind"] == kind => {
                Reply::error(code, "Refused", "not this one")
            }
            _ => Reply::ok(call.body.clone()),
        }
    }

    /// Lets the keeper work until its status is written, or, if `nothing` is to happen, for
    /// a while.
    async fn play(self, nothing: bool) -> Vec<Call> {
        let (client, server) = mock::server(move |call| self.answer(&call));
        let task = tokio::spawn(run(client, IMAGE.to_owned(), "ns".to_owned()));
        if nothing {
            server.wait_for(2, Call::is_watch).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        } else {
            server.wait_for(1, is_status).await;
        }
        task.abort();
        written(&server)
    }
}

fn installation(spec: &Value) -> Value {
    json!({
        "apiVersion": "operator.tigera.io/v1",
        "kind": "IntrusionDetection",
        "metadata": {"name": "tigera-secure", "uid": "u-7", "generation": 3, "resourceVersion": "4"},
        "spec": spec,
    })
}

fn daemonset(labels: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": "tigera-dpi",
            "namespace": "tigera-dpi",
            "labels": labels,
            "generation": 2,
        },
        "spec": {"selector": {}, "template": {}},
    })
}

fn ours() -> Value {
    daemonset(&json!({"app.kubernetes.io/managed-by": "dpi-agent-operator"}))
}

fn is_status(call: &Call) -> bool {
    call.path.ends_with("/status")
}

fn written(server: &Server) -> Vec<Call> {
    let calls = server.calls().into_iter();
    calls
        .filter(|call| call.method != "GET" && !call.path.contains("/leases/"))
        .collect()
}

fn kinds(calls: &[Call]) -> Vec<&str> {
    let applied = calls.iter().filter(|call| !is_status(call));
    applied
        .filter_map(|call| call.body["kind"].as_str())
        .collect()
}

const ALL: [&str; 5] = [
    "Namespace",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "DaemonSet",
];

#[tokio::test]
async fn what_is_asked_for_is_applied_on_the_servers_side() {
    let scene = Scene {
        spec: Some(json!({})),
        ..Scene::default()
    };
    let calls = scene.play(false).await;
    assert_eq!(kinds(&calls), ALL);
    for call in calls.iter().filter(|call| !is_status(call)) {
        assert_eq!(call.method, "PATCH");
        assert!(
            call.query.contains("fieldManager=dpi-agent-operator"),
            "{call:?}"
        );
        assert!(call.query.contains("force=true"), "{call:?}");
        let owner = &call.body["metadata"]["ownerReferences"][0];
        assert_eq!(owner["uid"], "u-7");
    }
    let daemonset = calls
        .iter()
        .find(|call| call.body["kind"] == "DaemonSet")
        .unwrap();
    assert_eq!(
        daemonset.path,
        "/apis/apps/v1/namespaces/tigera-dpi/daemonsets/tigera-dpi"
    );
    let container = &daemonset.body["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], IMAGE);
    let status = &calls.iter().find(|call| is_status(call)).unwrap().body["status"];
    assert_eq!(status["state"], "Progressing");
}

#[tokio::test]
async fn a_fresh_installation_gets_its_tigera_secure() {
    let calls = Scene::default().play(true).await;
    assert_eq!(kinds(&calls), ["IntrusionDetection"]);
}

#[tokio::test]
async fn what_was_deleted_stays_deleted() {
    let scene = Scene {
        remembered: true,
        ..Scene::default()
    };
    assert_eq!(kinds(&scene.play(true).await), [""; 0]);
}

/// Who cannot use the specification says so, and touches what runs only where nothing does.
#[tokio::test]
async fn odd_input_changes_nothing_that_runs() {
    for (spec, words) in [
        (
            json!({"componentResources": [{
                "componentName": "DeepPacketInspection",
                "resourceRequirements": {"limits": {"cpu": "-1"}},
            }]}),
            "less than nothing",
        ),
        (json!({"componentResources": "many"}), "Expected a sequence"),
    ] {
        for (daemonset, applied) in [(Some(ours()), &[][..]), (None, &ALL[..])] {
            let scene = Scene {
                spec: Some(spec.clone()),
                daemonset,
                ..Scene::default()
            };
            let calls = scene.play(false).await;
            assert_eq!(kinds(&calls), applied, "{spec}");
            let status = &calls.iter().find(|call| is_status(call)).unwrap().body["status"];
            assert_eq!(status["state"], "Degraded");
            let told = status.to_string();
            assert!(
                told.contains("InvalidSpec") && told.contains(words),
                "{told}"
            );
        }
    }
}

#[tokio::test]
async fn what_others_made_is_left_alone() {
    let scene = Scene {
        spec: Some(json!({})),
        daemonset: Some(daemonset(&json!({"k8s-app": "tigera-dpi"}))),
        ..Scene::default()
    };
    let calls = scene.play(false).await;
    assert_eq!(kinds(&calls), [""; 0]);
    let told = calls[0].body.to_string();
    assert!(told.contains("AnothersDaemonSet"), "{told}");
}

#[tokio::test]
async fn what_the_server_refuses_is_in_the_status() {
    for (kind, code, reason, applied) in [
        ("DaemonSet", 422, "Refused", 5),
        ("ClusterRole", 403, "Forbidden", 3),
        ("Namespace", 500, "NotApplied", 1),
    ] {
        let scene = Scene {
            spec: Some(json!({})),
            refuses: Some((kind, code)),
            ..Scene::default()
        };
        let calls = scene.play(false).await;
        assert_eq!(kinds(&calls).len(), applied, "{kind}");
        let status = &calls.iter().find(|call| is_status(call)).unwrap().body["status"];
        let degraded = &status["conditions"][2];
        assert_eq!(
            (&degraded["status"], &degraded["reason"]),
            (&"True".into(), &reason.into())
        );
        let message = degraded["message"].as_str().unwrap();
        assert!(
            message.starts_with(kind) && message.contains("not this one"),
            "{message}"
        );
    }
}

/// The agents' reports are not owned by tigera-secure: they are removed when it has gone.
#[tokio::test]
async fn reports_go_with_the_agents() {
    let scene = Scene {
        spec: Some(json!({})),
        remembered: true,
        ..Scene::default()
    };
    let (tell, stream) = tokio::sync::mpsc::unbounded_channel();
    let mut stream = Some(stream);
    let (client, server) = mock::server(move |call| {
        let installations = call.path.ends_with("/intrusiondetections");
        match stream.take_if(|_| call.is_watch() && installations) {
            Some(stream) => Reply::Stream(stream),
            None => scene.answer(&call),
        }
    });
    let task = tokio::spawn(run(client, IMAGE.to_owned(), "ns".to_owned()));
    server.wait_for(1, is_status).await;
    let deletes = |call: &Call| call.method == "DELETE";
    assert!(!server.calls().iter().any(deletes));
    tell.send(mock::event("DELETED", &installation(&json!({}))))
        .unwrap();
    server.wait_for(1, deletes).await;
    task.abort();
    let calls = server.calls();
    let deleted: Vec<&str> = calls
        .iter()
        .filter(|c| deletes(c))
        .map(|c| &*c.path)
        .collect();
    assert_eq!(deleted, ["/apis/dpi-agent.dev/v1alpha1/nodeinspections"]);
}
