//! Reports as they are composed and written.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use dpi_api::node_inspection::NodeInspectionStatus;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    compose::{Context, compose, difference},
    *,
};
use crate::{
    apiserver::mock::{self, Call, Reply},
    node::{InspectionStatus, PodStatus, State, Status},
    watches::ApiStatus,
};

fn pod(name: &str, problem: Option<(&'static str, &str)>) -> PodStatus {
    PodStatus {
        pod: name.to_owned(),
        inspected: problem.is_none(),
        reason: problem.map(|(reason, _)| reason),
        message: problem.map(|(_, message)| message.to_owned()),
        location: None,
        slot: None,
    }
}

fn inspection(name: &str, pods: Vec<PodStatus>) -> InspectionStatus {
    InspectionStatus {
        namespace: "red".to_owned(),
        name: name.to_owned(),
        uid: Some(format!("uid-{name}")),
        generation: Some(2),
        alerts: 0,
        error: None,
        pods,
    }
}

fn status(inspections: Vec<InspectionStatus>) -> Status {
    Status {
        pid: 1,
        state: State::Inspecting,
        inspections,
        ..Status::default()
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn report(status: &Status, last: Option<&NodeInspectionStatus>, at: i64) -> NodeInspectionStatus {
    compose(status, &Context::default(), last, second(at))
}

#[test]
fn what_is_as_it_was_keeps_its_time() {
    let bad = Some(("NoHostRoute", "no route"));
    let one = status(vec![inspection(
        "all",
        vec![pod("red/a", None), pod("red/b", bad)],
    )]);
    let first = report(&one, None, 1);
    let about = &first.inspections[0];
    assert_eq!((about.pods_selected, about.pods_inspected), (2, 1));
    assert!(!about.active.success);
    assert_eq!(
        about.error_conditions[0].message,
        "NoHostRoute: pod red/b: no route"
    );
    let second = report(&one, Some(&first), 2);
    assert_eq!(second.inspections, first.inspections);
    assert_eq!(difference(&second, Some(&first)), Difference::None);
    let good = status(vec![inspection(
        "all",
        vec![pod("red/a", None), pod("red/b", None)],
    )]);
    let third = report(&good, Some(&second), 3);
    assert_eq!(
        third.inspections[0].active.last_updated.as_ref().unwrap().0,
        self::second(3)
    );
    assert_eq!(difference(&third, Some(&second)), Difference::State);
}

#[test]
fn counters_alone_are_no_change_of_state() {
    let mut one = status(vec![inspection("all", vec![pod("red/a", None)])]);
    let first = report(&one, None, 1);
    one.packets.seen = 5;
    one.inspections[0].alerts = 3;
    let second = report(&one, Some(&first), 2);
    assert_eq!(difference(&second, Some(&first)), Difference::Counters);
    one.api = Some(ApiStatus {
        stale: true,
        ..ApiStatus::default()
    });
    let third = report(&one, Some(&second), 3);
    assert_eq!(difference(&third, Some(&second)), Difference::State);
    assert!(third.stale);
}

/// Inspections that select nothing here are not reported, unless they found something.
#[test]
fn only_what_concerns_the_node_is_reported() {
    let mut found = inspection("found", Vec::new());
    found.alerts = 1;
    let some = inspection("some", vec![pod("red/a", None)]);
    let one = status(vec![inspection("none", Vec::new()), found, some]);
    let names: Vec<_> = report(&one, None, 1)
        .inspections
        .into_iter()
        .map(|i| i.name)
        .collect();
    assert_eq!(names, ["found", "some"]);
}

#[test]
fn everything_is_bounded() {
    let messages: Vec<String> = (0..30)
        .map(|n| format!("{n} {}", "ä".repeat(2000)))
        .collect();
    let pods = messages
        .iter()
        .map(|m| pod("red/a", Some(("X", m))))
        .collect();
    let mut one = status(vec![inspection("all", pods)]);
    one.problems.clone_from(&messages);
    for n in 0..NodeInspectionStatus::MAX_INSPECTIONS + 20 {
        one.inspections
            .push(inspection(&format!("i{n}"), vec![pod("red/a", None)]));
    }
    let report = report(&one, None, 1);
    assert_eq!(
        report.inspections.len(),
        NodeInspectionStatus::MAX_INSPECTIONS
    );
    assert_eq!(report.inspections_omitted, 21);
    assert_eq!(report.error_conditions.len(), 10);
    assert_eq!(report.inspections[0].error_conditions.len(), 10);
    let longest = |c: &dpi_api::inspection::ErrorCondition| c.message.len();
    assert!(report.error_conditions.iter().map(longest).max().unwrap() <= MAX_MESSAGE);
}

#[test]
fn earlier_agents_alerts_go_on_counting() {
    let mut one = status(vec![inspection("all", vec![pod("red/a", None)])]);
    one.inspections[0].alerts = 2;
    let context = Context {
        earlier: BTreeMap::from([("uid-all".to_owned(), 40), ("uid-other".to_owned(), 5)]),
        ..Context::default()
    };
    let report = compose(&one, &context, None, second(1));
    assert_eq!(report.inspections[0].alerts, 42);
}

/// An API server with this node and its report; answers in `first` come first, the last
/// one before the others.
fn serve(mut held: Option<Value>, mut first: Vec<Reply>) -> impl FnMut(Call) -> Reply {
    move |call| {
        if let Some(reply) = first.pop() {
            return reply;
        }
        match (call.method.as_str(), call.path.as_str()) {
            ("GET", "/api/v1/nodes/here") => {
                Reply::ok(json!({"metadata": {"name": "here", "uid": "node-uid"}}))
            }
            ("GET", _) => held
                .clone()
                .map_or_else(|| Reply::error(404, "NotFound", "not found"), Reply::ok),
            ("PATCH", path) if path.ends_with("/status") => match &mut held {
                Some(held) => {
                    held["status"] = call.body["status"].clone();
                    Reply::ok(held.clone())
                }
                None => Reply::error(404, "NotFound", "not found"),
            },
            _ => {
                let mut object = call.body.clone();
                object["spec"] = json!({});
                held = Some(object.clone());
                Reply::ok(object)
            }
        }
    }
}

fn is_status(call: &Call) -> bool {
    call.method == "PATCH" && call.path.ends_with("/nodeinspections/here/status")
}

#[tokio::test]
async fn the_report_is_made_owned_and_kept_up() {
    let (client, server) = mock::server(serve(None, Vec::new()));
    let begun = status(vec![inspection(
        "all",
        vec![pod("red/a", Some(("X", "y")))],
    )]);
    let (tell, statuses) = watch::channel(Arc::new(begun));
    let task = tokio::spawn(run(client, "here".to_owned(), statuses));
    server.wait_for(1, is_status).await;
    // Many changes within a second are one write.
    for n in 0..20 {
        let pods = if n % 2 == 0 {
            vec![pod("red/a", None)]
        } else {
            Vec::new()
        };
        tell.send_replace(Arc::new(status(vec![inspection("all", pods)])));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tell.send_replace(Arc::new(status(vec![inspection(
        "all",
        vec![pod("red/a", None)],
    )])));
    server.wait_for(2, is_status).await;
    let mut end = status(Vec::new());
    end.state = State::Stopped;
    tell.send_replace(Arc::new(end));
    tokio::time::timeout(Duration::from_secs(5), task)
        .await
        .unwrap()
        .unwrap();
    let calls = server.calls();
    let made: Vec<_> = calls
        .iter()
        .filter(|c| c.method == "PATCH" && !is_status(c))
        .collect();
    assert_eq!(made.len(), 1);
    assert_eq!(
        made[0].body["metadata"]["ownerReferences"],
        json!([{"apiVersion": "v1", "kind": "Node", "name": "here", "uid": "node-uid"}])
    );
    assert!(
        made[0].query.contains("fieldManager=dpi-agent"),
        "{}",
        made[0].query
    );
    let writes: Vec<_> = calls.iter().filter(|c| is_status(c)).collect();
    assert_eq!(writes.len(), 3);
    let active = |n: usize| &writes[n].body["status"]["inspections"][0]["active"];
    assert_eq!(active(0).get("success"), None);
    assert_eq!(active(1)["success"], true);
    assert_eq!(writes[2].body["status"]["state"], "Stopped");
}

#[tokio::test]
async fn what_fails_is_tried_again() {
    let busy = || Reply::error(429, "TooManyRequests", "busy");
    let broken = || Reply::error(500, "InternalError", "etcd is away");
    let (client, server) = mock::server(serve(None, vec![broken(), busy()]));
    let (_tell, statuses) = watch::channel(Arc::new(status(Vec::new())));
    let task = tokio::spawn(run(client, "here".to_owned(), statuses));
    server.wait_for(1, is_status).await;
    task.abort();
}

/// The report of an earlier agent is taken over; one that comes back while this one runs
/// is another agent's.
#[tokio::test]
async fn another_agent_is_told() {
    let mut held = json!({
        "apiVersion": "dpi-agent.dev/v1alpha1",
        "kind": "NodeInspection",
        "metadata": {"name": "here"},
        "spec": {},
        "status": {
            "agent": {"version": "0", "instance": "earlier"},
            "inspections": [{"namespace": "red", "name": "all", "uid": "uid-all", "alerts": 7}],
        },
    });
    let mut serve_own = serve(Some(held.clone()), Vec::new());
    held["status"]["agent"]["instance"] = "other".into();
    let mut gets = 0;
    let (client, server) = mock::server(move |call| {
        gets += usize::from(call.method == "GET" && call.path.ends_with("/nodeinspections/here"));
        if gets == 2 && call.method == "GET" {
            return Reply::ok(held.clone());
        }
        serve_own(call)
    });
    let (tell, statuses) = watch::channel(Arc::new(status(vec![inspection(
        "all",
        vec![pod("red/a", None)],
    )])));
    let task = tokio::spawn(run(client, "here".to_owned(), statuses));
    server.wait_for(1, is_status).await;
    tell.send_replace(Arc::new(status(vec![inspection("all", Vec::new())])));
    server.wait_for(2, is_status).await;
    task.abort();
    let writes: Vec<_> = server.calls().into_iter().filter(is_status).collect();
    assert_eq!(writes[0].body["status"]["inspections"][0]["alerts"], 7);
    assert_eq!(writes[0].body["status"].get("errorConditions"), None);
    let told = writes[1].body["status"]["errorConditions"][0]["message"]
        .as_str()
        .unwrap();
    assert!(
        told.starts_with("another agent (other) reports for this node too"),
        "{told}"
    );
}
