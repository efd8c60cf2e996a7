//! Names asked of an API server, and alerts that wait for them.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use dpi_api::alert::AlertRecord;
use serde_json::{Value, json};

use super::{Found, Peers, QUEUE};
use crate::{
    alerts::{
        Dispatch, Sink,
        dispatch::{WAIT, WAITING},
    },
    apiserver::mock::{self, Call, Reply},
};

fn pod(name: &str, phase: &str, host_network: bool) -> Value {
    json!({
        "metadata": {"namespace": "red", "name": name, "uid": name, "labels": {"app": "x"}},
        "spec": {"nodeName": "node-b", "hostNetwork": host_network, "containers": []},
        "status": {"phase": phase},
    })
}

fn service(name: &str) -> Value {
    json!({"metadata": {"namespace": "red", "name": name}})
}

/// Answers with these pods, and with these Services.
fn answers(pods: &[Value], services: &[Value]) -> impl FnMut(Call) -> Reply + use<> {
    let (pods, services) = (pods.to_vec(), services.to_vec());
    move |call| match call.path.as_str() {
        "/api/v1/pods" => Reply::list("1", &pods),
        "/api/v1/services" => Reply::list("1", &services),
        path => Reply::error(404, "NotFound", path),
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// What becomes known of an address.
async fn known(peers: &mut Peers, ip: IpAddr) -> Option<Found> {
    assert_eq!(peers.look_up(ip, Instant::now()), Found::Asked);
    peers.answered().await;
    peers.cache.get(ip, Instant::now())
}

#[tokio::test]
async fn an_address_is_its_pods_else_its_services_else_nobodys() {
    let running = |name| pod(name, "Running", false);
    // Pods and Services that the server has for the address, and the name that follows.
    for (pods, services, name) in [
        (vec![running("web")], vec![], Some("red/web")),
        // Address used again; its old owner finished.
        (
            vec![pod("old", "Succeeded", false), running("web")],
            vec![],
            Some("red/web"),
        ),
        // Two owners cannot both be right.
        (vec![running("one"), running("two")], vec![], None),
        // A node's address is no pod's alone.
        (vec![pod("host", "Running", true)], vec![], None),
        (vec![], vec![service("shop")], Some("red/service/shop")),
        (vec![], vec![], None),
    ] {
        let (client, _server) = mock::server(answers(&pods, &services));
        let mut peers = Peers::start(client);
        let found = known(&mut peers, ip("10.0.9.1")).await;
        let Some(Found::Known(found)) = found else {
            panic!("{found:?} for {pods:?}");
        };
        let text = found.map(|found| match &found.service {
            Some(service) => format!("{}/service/{service}", found.namespace),
            None => format!("{}/{}", found.namespace, found.pod),
        });
        assert_eq!(text.as_deref(), name, "{pods:?} {services:?}");
    }
}

#[tokio::test]
async fn both_families_are_asked_about_from_the_servers_cache() {
    let (client, server) = mock::server(answers(&[pod("web", "Running", false)], &[]));
    let mut peers = Peers::start(client);
    for address in ["10.0.9.1", "fd00::9"] {
        known(&mut peers, ip(address)).await;
    }
    let queries: Vec<String> = server.calls().into_iter().map(|call| call.query).collect();
    assert_eq!(queries.len(), 2);
    assert!(
        queries[0].contains("status.podIP%3D10.0.9.1"),
        "{queries:?}"
    );
    assert!(
        queries[1].contains("status.podIP%3Dfd00%3A%3A9"),
        "{queries:?}"
    );
    assert!(
        queries
            .iter()
            .all(|query| query.contains("resourceVersion=0"))
    );
}

#[tokio::test]
async fn a_refusal_is_remembered_and_the_queue_is_bounded() {
    let refused = |_: Call| Reply::error(403, "Forbidden", "pods is forbidden");
    let (client, server) = mock::server(refused);
    let mut peers = Peers::start(client);
    assert_eq!(
        known(&mut peers, ip("10.0.9.1")).await,
        Some(Found::Refused)
    );
    assert_eq!(
        peers.look_up(ip("10.0.9.1"), Instant::now()),
        Found::Refused
    );
    assert_eq!(server.calls().len(), 1);
    // Nothing takes questions while this task runs on.
    let mut asked = 0;
    for n in 0..=255 {
        let found = peers.look_up(ip(&format!("10.0.8.{n}")), Instant::now());
        asked += usize::from(found == Found::Asked);
    }
    assert_eq!(asked, QUEUE);
    assert_eq!(peers.look_ups(), QUEUE as u64 + 1);
}

/// A sink that keeps what it gets.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<AlertRecord>>>);

impl Sink for Kept {
    fn name(&self) -> &'static str {
        "kept"
    }

    fn write(&mut self, record: &AlertRecord) {
        self.0.lock().unwrap().push(record.clone());
    }

    fn written(&self) -> u64 {
        self.0.lock().unwrap().len() as u64
    }

    fn dropped(&self) -> u64 {
        0
    }
}

impl Kept {
    /// Of each: what is known of the other end, and its name.
    fn peers(&self) -> Vec<(Value, Value)> {
        let records = self.0.lock().unwrap();
        let each = records.iter().map(|record| {
            let json = serde_json::to_value(record).unwrap();
            let at = |pointer: &str| json.pointer(pointer).cloned().unwrap_or_default();
            (at("/kubernetes/peer"), at("/kubernetes/src/pod"))
        });
        each.collect()
    }
}

/// An alert of an inspected pod that was spoken to by this address.
fn alert(from: &str, named: bool) -> AlertRecord {
    let mut record = json!({
        "timestamp": "2026-11-24T10:00:00.000000+0000",
        "event_type": "alert",
        "src_ip": from, "src_port": 40000,
        "dest_ip": "10.0.0.1", "dest_port": 80,
        "proto": "TCP", "direction": "ingress",
        "alert": {
            "action": "allowed", "gid": 1, "signature_id": 7, "rev": 2,
            "signature": "x", "category": "", "severity": 1, "severity_label": "critical",
        },
        "kubernetes": {
            "node": "node-a", "inspected": "dest",
            "dest": {"namespace": "red", "pod": "own", "podUID": "a"},
        },
    });
    if named {
        record["kubernetes"]["src"] = json!({"namespace": "red", "pod": "here", "podUID": "b"});
    }
    serde_json::from_value(record).unwrap()
}

#[tokio::test]
async fn an_alert_waits_for_the_name_and_others_pass_it() {
    let (client, _server) = mock::server(answers(&[pod("web", "Running", false)], &[]));
    let kept = Kept::default();
    let mut dispatch = Dispatch::new(vec![Box::new(kept.clone())], Some(Peers::start(client)));
    let now = Instant::now();
    dispatch.take(alert("10.0.9.1", false), now);
    // Both ends named, and an end that nobody can name.
    dispatch.take(alert("10.0.0.3", true), now);
    dispatch.take(alert("169.254.1.1", false), now);
    assert_eq!(
        kept.peers(),
        [(Value::Null, "here".into()), (Value::Null, Value::Null)]
    );
    dispatch.next().await;
    dispatch.settle(Instant::now());
    assert_eq!(kept.peers()[2], ("pod".into(), "web".into()));
    // Known now: nothing waits any more.
    dispatch.take(alert("10.0.9.1", false), Instant::now());
    assert_eq!(kept.peers().len(), 4);
    assert_eq!((dispatch.unresolved(), dispatch.look_ups()), (0, 1));
}

#[tokio::test]
async fn an_alert_waits_half_a_second_at_most() {
    let (client, _server) = mock::server(|_| Reply::silence());
    let kept = Kept::default();
    let mut dispatch = Dispatch::new(vec![Box::new(kept.clone())], Some(Peers::start(client)));
    let begun = Instant::now();
    dispatch.take(alert("10.0.9.1", false), begun);
    dispatch.next().await;
    let waited = begun.elapsed();
    dispatch.settle(Instant::now());
    assert!(waited >= WAIT && waited < 3 * WAIT, "{waited:?}");
    assert_eq!(kept.peers(), [("unresolved".into(), Value::Null)]);
    assert_eq!(dispatch.unresolved(), 1);
}

#[tokio::test]
async fn the_waiting_are_bounded_and_none_is_lost() {
    let (client, _server) = mock::server(|_| Reply::silence());
    let kept = Kept::default();
    let mut dispatch = Dispatch::new(vec![Box::new(kept.clone())], Some(Peers::start(client)));
    let now = Instant::now();
    let alerts = u64::try_from(WAITING).unwrap() + 3;
    for _ in 0..alerts {
        dispatch.take(alert("10.0.9.1", false), now);
    }
    assert_eq!(kept.written(), 3);
    dispatch.settle(now + WAIT.saturating_sub(Duration::from_millis(1)));
    assert_eq!(kept.written(), 3);
    dispatch.flush();
    assert_eq!((kept.written(), dispatch.unresolved()), (alerts, alerts));
}
