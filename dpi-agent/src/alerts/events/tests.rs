//! Events as they are written, and what is held back.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    time::Duration,
};

use dpi_api::alert::{AlertRecord, InspectionRef};
use k8s_openapi::api::events::v1::Event;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    ledger::{CAPACITY, Ledger, Outcome, REPEAT, Write},
    note::{MAX_NOTE, Notice, PeerDetail, notices},
    sink::SharedCounts,
    writer::Writer,
};
use crate::apiserver::mock::{self, Call, Reply};

fn record(pod: &str, sid: u32) -> AlertRecord {
    serde_json::from_value(json!({
        "timestamp": "2026-11-24T10:00:00.000000+0000",
        "event_type": "alert",
        "src_ip": "10.0.1.9", "src_port": 40000,
        "dest_ip": "10.0.0.1", "dest_port": 80,
        "proto": "TCP", "app_proto": "http", "direction": "ingress",
        "alert": {
            "action": "allowed", "gid": 1, "signature_id": sid, "rev": 2,
            "signature": "web shell\nin a line", "category": "", "severity": 1,
            "severity_label": "critical",
        },
        "dpi": [{"namespace": "red", "name": "all"}],
        "kubernetes": {
            "node": "node-a", "inspected": "dest",
            "src": {"namespace": "blue", "pod": "attacker", "podUID": "b"},
            "dest": {"namespace": "red", "pod": pod, "podUID": format!("uid-{pod}")},
        },
    }))
    .unwrap()
}

fn notice(pod: &str, sid: u32) -> Notice {
    Notice {
        first: None,
        ..announced(pod, sid)
    }
}

/// The same with what is said of an inspection's first alert.
fn announced(pod: &str, sid: u32) -> Notice {
    let mut all = notices(&record(pod, sid), PeerDetail::Address, |_| {
        Some("dpi-uid".to_owned())
    });
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn an_event_is_about_the_pod_and_names_the_inspection() {
    let notice = notice("web", 7);
    let event = serde_json::to_value(&notice.event).unwrap();
    let name = event["metadata"]["name"].as_str().unwrap();
    assert!(
        name.starts_with("web.") && name.len() == "web.".len() + 16,
        "{name}"
    );
    let mut rest = event.clone();
    rest["metadata"]["name"] = "".into();
    assert_eq!(
        rest,
        json!({
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"namespace": "red", "name": ""},
            "eventTime": "2026-11-24T10:00:00.000000Z",
            "type": "Warning",
            "reason": "DPIAlert",
            "action": "Match-1-7",
            "note": "[1:7:2] web shell.in a line (severity critical): TCP/http received from 10.0.1.9 \
                     port 40000, own port 80",
            "regarding": {
                "apiVersion": "v1", "kind": "Pod", "namespace": "red", "name": "web", "uid": "uid-web",
            },
            "related": {
                "apiVersion": "projectcalico.org/v3", "kind": "DeepPacketInspection",
                "namespace": "red", "name": "all", "uid": "dpi-uid",
            },
            "reportingController": "dpi-agent.dev/agent",
            "reportingInstance": "dpi-agent-node-a",
        })
    );
}

/// The same identity has the same name, in every run; another has another.
#[test]
fn names_follow_from_inspection_pod_and_rule() {
    let name = |pod: &str, sid, uid: &str| {
        let uid = |_: &InspectionRef| Some(uid.to_owned());
        notices(&record(pod, sid), PeerDetail::None, uid)[0]
            .name
            .name
            .clone()
    };
    assert_eq!(name("web", 7, "u"), name("web", 7, "u"));
    for other in [
        name("web", 8, "u"),
        name("web2", 7, "u"),
        name("web", 7, "v"),
    ] {
        assert_ne!(other, name("web", 7, "u"));
    }
    assert!(name(&"p".repeat(253), 7, "u").len() <= 253);
}

#[test]
fn notes_are_bounded_and_tell_of_the_peer_what_they_may() {
    let note = |detail, change: &dyn Fn(&mut AlertRecord)| {
        let mut record = record("web", 7);
        change(&mut record);
        notices(&record, detail, |_| None)[0]
            .event
            .note
            .clone()
            .unwrap()
    };
    let same = |_: &mut AlertRecord| {};
    assert!(!note(PeerDetail::None, &same).contains("10.0.1.9"));
    assert!(!note(PeerDetail::Address, &same).contains("attacker"));
    assert!(note(PeerDetail::Name, &same).contains("from blue/attacker (10.0.1.9)"));
    let own = |record: &mut AlertRecord| {
        let named = record.kubernetes.as_mut().unwrap();
        named.src.as_mut().unwrap().namespace = "red".to_owned();
    };
    assert!(note(PeerDetail::Address, &own).contains("red/attacker"));
    let long = note(PeerDetail::Name, &|record| {
        record.alert.signature = "ä".repeat(2000);
    });
    assert!(long.len() <= MAX_NOTE && long.len() > MAX_NOTE - 4);
}

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u32) -> Duration {
    SECOND * seconds
}

/// One write after the other, as the ledger asks for them until `now`.
fn writes(ledger: &mut Ledger, now: Duration, outcome: Outcome) -> Vec<Write> {
    let mut all = Vec::new();
    while let Some((name, write)) = ledger.next(now) {
        ledger.done(&name, outcome, now);
        all.push(write);
        if outcome == Outcome::Failed {
            break;
        }
    }
    all
}

#[test]
fn repeats_are_one_series() {
    let mut ledger = Ledger::default();
    for _ in 0..3 {
        ledger.note(notice("web", 7), at(100));
    }
    let first = writes(&mut ledger, at(100), Outcome::Written);
    let [Write::Create(event)] = first.as_slice() else {
        panic!("{first:?}");
    };
    assert_eq!(event.series.as_ref().unwrap().count, 3);
    ledger.note(notice("web", 7), at(101));
    ledger.note(notice("web", 7), at(102));
    assert_eq!(ledger.due(), Some(at(100) + REPEAT));
    assert!(writes(&mut ledger, at(109), Outcome::Written).is_empty());
    let series = writes(&mut ledger, at(110), Outcome::Written);
    assert!(
        matches!(series.as_slice(), [Write::Series { count: 5, .. }]),
        "{series:?}"
    );
    assert_eq!(ledger.due(), None);
    assert_eq!(
        (
            ledger.counts.created,
            ledger.counts.repeated,
            ledger.counts.told
        ),
        (1, 1, 5)
    );
}

#[test]
fn an_inspections_first_alert_is_told_once() {
    for there in [false, true] {
        let mut ledger = Ledger::default();
        ledger.note(announced("web", 7), at(100));
        ledger.note(announced("api", 8), at(100));
        let mut told = Vec::new();
        while let Some((name, write)) = ledger.next(at(100)) {
            let Write::Create(event) = write else {
                panic!("{write:?}");
            };
            let first = event.reason.as_deref() == Some("DPIFirstAlert");
            // Another run may have told it.
            let outcome = if first && there {
                Outcome::Exists
            } else {
                Outcome::Written
            };
            ledger.done(&name, outcome, at(100));
            told.extend(first.then_some(event));
        }
        let [first] = told.as_slice() else {
            panic!("{told:?}");
        };
        let regarding = first.regarding.as_ref().unwrap();
        assert_eq!(regarding.kind.as_deref(), Some("DeepPacketInspection"));
        let pod = first.related.as_ref().unwrap();
        assert_eq!(pod.name.as_deref(), Some("web"));
        assert!(first.series.is_none());
        assert!(first.note.as_ref().unwrap().contains("[1:7:2]"));
        assert_eq!((ledger.pending(), ledger.counts.told), (0, 2));
        ledger.note(announced("web", 7), at(200));
        let again = writes(&mut ledger, at(300), Outcome::Written);
        assert!(
            matches!(again.as_slice(), [Write::Series { count: 2, .. }]),
            "{again:?}"
        );
    }
}

#[test]
fn what_cannot_be_written_is_kept_and_counted_once() {
    let mut ledger = Ledger::default();
    ledger.note(notice("web", 7), at(100));
    assert_eq!(writes(&mut ledger, at(100), Outcome::Failed).len(), 1);
    ledger.note(notice("web", 7), at(101));
    assert_eq!(ledger.pending(), 2);
    let written = writes(&mut ledger, at(200), Outcome::Written);
    assert!(matches!(written.as_slice(), [Write::Create(e)] if e.series.is_some()));
    assert_eq!((ledger.pending(), ledger.counts.told), (0, 2));
}

/// 409: the count that is there goes on. 404: the API server forgot it, a new one begins.
#[test]
fn an_event_that_is_there_and_one_that_is_gone() {
    let mut ledger = Ledger::default();
    ledger.note(notice("web", 7), at(100));
    let (name, _) = ledger.next(at(100)).unwrap();
    ledger.done(&name, Outcome::Exists, at(100));
    assert_eq!(ledger.next(at(100)).unwrap().1, Write::Look);
    ledger.done(&name, Outcome::Counts(4), at(100));
    let write = ledger.next(at(100)).unwrap().1;
    assert!(matches!(write, Write::Series { count: 5, .. }), "{write:?}");
    ledger.done(&name, Outcome::Gone, at(100));
    let write = ledger.next(at(100)).unwrap().1;
    assert!(
        matches!(&write, Write::Create(event) if event.series.is_none()),
        "{write:?}"
    );
    ledger.done(&name, Outcome::Written, at(100));
    assert_eq!(ledger.pending(), 0);
    // A namespace that is gone takes no Event at all.
    ledger.note(notice("other", 7), at(100));
    let (name, _) = ledger.next(at(100)).unwrap();
    ledger.done(&name, Outcome::Gone, at(100));
    assert_eq!((ledger.pending(), ledger.counts.refused), (0, 1));
}

/// A flood of different Events: some are written, the rest is one summary that counts.
#[test]
fn a_flood_is_told_in_a_summary() {
    let mut ledger = Ledger::default();
    for sid in 0..1000 {
        ledger.note(notice("web", sid), at(100));
    }
    let written = writes(&mut ledger, at(100), Outcome::Written);
    let events: Vec<&Event> = written
        .iter()
        .map(|write| match write {
            Write::Create(event) => &**event,
            other => panic!("{other:?}"),
        })
        .collect();
    let summaries: Vec<_> = events
        .iter()
        .filter(|e| e.reason.as_deref() == Some("DPIAlertsSuppressed"))
        .collect();
    assert_eq!((events.len(), summaries.len()), (26, 1));
    assert_eq!(summaries[0].series.as_ref().unwrap().count, 975);
    let about = summaries[0].regarding.as_ref().unwrap();
    assert_eq!(about.kind.as_deref(), Some("DeepPacketInspection"));
    assert_eq!((ledger.counts.told, ledger.counts.suppressed), (25, 975));
}

#[test]
fn the_ledger_is_bounded_and_forgets() {
    let mut ledger = Ledger::default();
    let most = u32::try_from(CAPACITY).unwrap();
    for n in 0..most + 100 {
        // Slow enough for both rates.
        ledger.note(notice("web", n), at(n * 3));
        writes(&mut ledger, at(n * 3), Outcome::Written);
        assert!(ledger.len() <= CAPACITY);
    }
    assert_eq!(ledger.counts.suppressed, 0);
    ledger.forget(at(most * 100));
    assert_eq!(ledger.len(), 0);
    // With the API server away nothing is written, and nothing grows without bound.
    for n in 0..most * 2 {
        ledger.note(notice("web", n), at(most * 100 + n * 3));
    }
    assert!(ledger.len() <= CAPACITY + CAPACITY / 4, "{}", ledger.len());
    assert_eq!(ledger.counts.suppressed, u64::from(most));
}

/// An API server with events, as far as it matters.
#[derive(Default)]
struct Events {
    held: HashMap<String, Value>,
    creations: usize,
    /// Answers that come first.
    first: Vec<Reply>,
}

impl Events {
    fn answer(&mut self, call: &Call) -> Reply {
        if let Some(reply) = self.first.pop() {
            return reply;
        }
        let name = call.path.rsplit('/').next().unwrap();
        match call.method.as_str() {
            "POST" => {
                let name = call.body["metadata"]["name"].as_str().unwrap();
                if self.held.contains_key(name) {
                    return Reply::error(409, "AlreadyExists", "already exists");
                }
                self.creations += 1;
                self.held.insert(name.to_owned(), call.body.clone());
                Reply::Json(201, call.body.clone())
            }
            _ if !self.held.contains_key(name) => Reply::error(404, "NotFound", "not found"),
            "PATCH" => {
                let event = self.held.get_mut(name).unwrap();
                event["series"] = call.body["series"].clone();
                Reply::ok(event.clone())
            }
            _ => Reply::ok(self.held[name].clone()),
        }
    }
}

/// Sends `notices` through a writer to `events` until all are told.
async fn write(events: &Arc<Mutex<Events>>, notices: Vec<Notice>) -> Arc<SharedCounts> {
    let there = Arc::clone(events);
    let (client, _server) = mock::server(move |call| there.lock().unwrap().answer(&call));
    let counts = Arc::new(SharedCounts::default());
    let (queue, inbox) = mpsc::channel(1024);
    let task = tokio::spawn(Writer::new(client, Arc::clone(&counts)).run(inbox));
    let all = notices.len() as u64;
    for notice in notices {
        queue.send(notice).await.unwrap();
    }
    for _ in 0..1500 {
        if counts.told.load(Relaxed) + counts.refused.load(Relaxed) >= all {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(queue);
    task.await.unwrap();
    counts
}

#[tokio::test]
async fn an_agent_that_restarts_goes_on_with_the_event_that_is_there() {
    let events = Arc::new(Mutex::new(Events::default()));
    write(&events, vec![notice("web", 7), notice("web", 7)]).await;
    write(&events, vec![notice("web", 7)]).await;
    let events = events.lock().unwrap();
    assert_eq!((events.held.len(), events.creations), (1, 1));
    let event = events.held.values().next().unwrap();
    assert_eq!(event["series"]["count"], 3);
    assert_eq!(
        event["series"]["lastObservedTime"],
        "2026-11-24T10:00:00.000000Z"
    );
}

#[tokio::test]
async fn busy_and_broken_servers_lose_nothing() {
    let events = Arc::new(Mutex::new(Events::default()));
    events.lock().unwrap().first = vec![
        Reply::error(429, "TooManyRequests", "limit reached"),
        Reply::error(500, "InternalError", "etcd is away"),
    ];
    let counts = write(&events, vec![notice("web", 7), notice("api", 7)]).await;
    assert_eq!(counts.failed_requests.load(Relaxed), 2);
    assert_eq!(counts.told.load(Relaxed), 2);
    assert_eq!(events.lock().unwrap().creations, 2);
}

#[tokio::test]
async fn a_namespace_that_ends_refuses_its_events_alone() {
    let events = Arc::new(Mutex::new(Events::default()));
    events.lock().unwrap().first = vec![Reply::error(
        403,
        "Forbidden",
        "unable to create new content in namespace red because it is being terminated",
    )];
    let counts = write(&events, vec![notice("web", 7), notice("api", 7)]).await;
    assert_eq!(
        (counts.refused.load(Relaxed), counts.told.load(Relaxed)),
        (1, 1)
    );
}
