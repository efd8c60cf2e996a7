//! Scenarios of the source, and random churn.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use dpi_api::inspection::DeepPacketInspection;
use k8s_openapi::api::core::v1::Pod;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use super::*;
use crate::{
    apiserver::{
        Update,
        mock::{self, Call, Reply, event},
    },
    desired::{Desired, desired},
    snapshot::{Annotations, Builder, Missing},
};

fn inspection(namespace: &str, name: &str, selector: &str) -> Value {
    json!({
        "apiVersion": "projectcalico.org/v3",
        "kind": "DeepPacketInspection",
        "metadata": {"name": name, "namespace": namespace, "uid": name, "generation": 1},
        "spec": {"selector": selector},
    })
}

fn pod(namespace: &str, name: &str, labels: &Value, ip: Option<&str>, phase: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "uid": name, "labels": labels},
        "spec": {"nodeName": "here", "containers": []},
        "status": {"phase": phase, "podIP": ip},
    })
}

fn guarded(value: &Value) -> DeserializeGuard<DeepPacketInspection> {
    serde_json::from_value(value.clone()).unwrap()
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// The same numbers on each run (Steele and others, `SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

const SELECTORS: &[&str] = &[
    "",
    "all()",
    "app == 'a'",
    "app != 'a'",
    "app in {'a', 'b'} && tier == 'x'",
    "has(tier)",
    "!has(tier)",
    "app starts with 'b' || tier == 'y'",
    "projectcalico.org/namespace == 'ns1'",
    "pcns.projectcalico.org/name == 'ns2'",
    "app = 'broken'",
];

/// What the cluster holds.
#[derive(Default)]
struct Cluster {
    inspections: BTreeMap<String, Value>,
    pods: BTreeMap<String, Value>,
}

impl Cluster {
    /// What follows from it, without any watch.
    fn desired(&self) -> Desired {
        let mut builder = Builder::new(Some("here".to_owned()));
        for object in self.inspections.values() {
            let _ = builder.inspection(&read(object)).unwrap();
        }
        for object in self.pods.values() {
            builder.pod(&read(object), Annotations::Ignore).unwrap();
        }
        desired(&builder.build())
    }

    fn relist(&self, objects: &mut Objects, numbers: &mut Numbers) {
        objects.inspection(Update::Listing);
        let all: Vec<_> = self.inspections.values().map(guarded).collect();
        let cut = usize::try_from(numbers.below(all.len() as u64 + 1)).unwrap();
        let (first, rest) = all.split_at(cut);
        objects.inspection(Update::Page(first.to_vec()));
        // Sometimes the list breaks off and begins anew.
        if numbers.below(3) == 0 {
            objects.inspection(Update::Listing);
            objects.inspection(Update::Page(first.to_vec()));
        }
        objects.inspection(Update::Page(rest.to_vec()));
        objects.inspection(Update::Listed);
        objects.pod(Update::Listing);
        objects.pod(Update::Page(self.pods.values().map(read::<Pod>).collect()));
        objects.pod(Update::Listed);
    }

    /// Changes something; what a watch would tell of it goes to `told`, if anything.
    fn change(&mut self, numbers: &mut Numbers, told: Option<&mut Objects>) {
        let namespace = format!("ns{}", numbers.below(4));
        if numbers.below(10) == 0 {
            let name = format!("dpi{}", numbers.below(50));
            let key = format!("{namespace}/{name}");
            if numbers.below(3) == 0 {
                let gone = self.inspections.remove(&key);
                if let (Some(gone), Some(objects)) = (gone, told) {
                    objects.inspection(Update::Deleted(guarded(&gone)));
                }
            } else {
                let selector: &&str = numbers.one(SELECTORS);
                let object = inspection(&namespace, &name, selector);
                if let Some(objects) = told {
                    objects.inspection(Update::Applied(guarded(&object)));
                }
                self.inspections.insert(key, object);
            }
            return;
        }
        let name = format!("pod{}", numbers.below(500));
        let key = format!("{namespace}/{name}");
        if numbers.below(4) == 0 {
            let gone = self.pods.remove(&key);
            if let (Some(gone), Some(objects)) = (gone, told) {
                objects.pod(Update::Deleted(read(&gone)));
            }
        } else {
            let labels = match numbers.below(4) {
                0 => json!({}),
                1 => json!({"app": "a"}),
                2 => json!({"app": "b", "tier": "x"}),
                _ => json!({"app": "a", "tier": "y"}),
            };
            let ip = format!("10.0.{}.{}", numbers.below(2), 1 + numbers.below(250));
            let ip = (numbers.below(5) > 0).then_some(ip.as_str());
            let phase = *numbers.one(&["Pending", "Running", "Running", "Succeeded", "Failed"]);
            let object = pod(&namespace, &name, &labels, ip, phase);
            if let Some(objects) = told {
                objects.pod(Update::Applied(read(&object)));
            }
            self.pods.insert(key, object);
        }
    }
}

/// 500 pods and 50 inspections are made, changed and deleted at random, with relists and
/// with changes that no watch tells of before the next relist: what is desired in the end
/// is what follows from what is there.
#[test]
fn churn_ends_in_what_is_desired() {
    for seed in 0..4 {
        let mut numbers = Numbers(seed);
        let mut cluster = Cluster::default();
        let mut objects = Objects::default();
        cluster.relist(&mut objects, &mut numbers);
        let mut selected = 0;
        for _ in 0..30 {
            for _ in 0..200 {
                cluster.change(&mut numbers, Some(&mut objects));
            }
            assert_eq!(
                desired(&objects.snapshot("here")),
                cluster.desired(),
                "seed {seed}"
            );
            if numbers.below(3) == 0 {
                for _ in 0..50 {
                    cluster.change(&mut numbers, None);
                }
                cluster.relist(&mut objects, &mut numbers);
            }
            let desired = desired(&objects.snapshot("here"));
            assert_eq!(desired, cluster.desired(), "seed {seed}");
            selected += desired.endpoints.len();
        }
        assert!(
            selected > 1000,
            "the churn selects too little to show anything: {selected}"
        );
    }
}

#[test]
fn updates_of_a_status_are_no_changes() {
    let mut objects = Objects::default();
    let mut object = inspection("red", "all", "all()");
    assert!(objects.inspection(Update::Applied(guarded(&object))));
    object["status"] = json!({"nodes": [{"node": "n1", "active": {"success": true}}]});
    object["metadata"]["resourceVersion"] = "2".into();
    assert!(!objects.inspection(Update::Applied(guarded(&object))));
    object["spec"]["selector"] = "app == 'a'".into();
    assert!(objects.inspection(Update::Applied(guarded(&object))));
}

#[test]
fn an_object_that_is_not_what_its_kind_has_is_told_and_selects_nothing() {
    let mut objects = Objects::default();
    let mut bad = inspection("red", "bad", "all()");
    bad["spec"]["selector"] = 5.into();
    objects.inspection(Update::Applied(guarded(&bad)));
    objects.inspection(Update::Applied(guarded(&inspection(
        "red", "good", "all()",
    ))));
    let mut odd = pod("red", "odd", &json!({}), Some("10.0.0.300"), "Running");
    objects.pod(Update::Applied(read(&odd)));
    let problems: Vec<_> = objects.problems().cloned().collect();
    assert_eq!(problems.len(), 2);
    assert!(
        problems[0].starts_with("DeepPacketInspection red/bad selects nothing"),
        "{problems:?}"
    );
    assert!(problems[1].contains("10.0.0.300"), "{problems:?}");
    assert_eq!(objects.snapshot("here").inspections().len(), 1);
    objects.pod(Update::Deleted(read(&odd)));
    assert_eq!(objects.problems().count(), 1);
    objects.pod(Update::Applied(read(&odd)));
    odd["status"]["podIP"] = "10.0.0.3".into();
    objects.pod(Update::Applied(read(&odd)));
    objects.inspection(Update::Applied(guarded(&inspection("red", "bad", "all()"))));
    assert_eq!(objects.problems().count(), 0);
}

/// `!=` on a label that is not known would select what it should not.
#[test]
fn labels_that_are_not_known_select_nothing() {
    let mut objects = Objects::default();
    objects.pod(Update::Applied(read(&pod(
        "red",
        "p",
        &json!({}),
        Some("10.0.0.1"),
        "Running",
    ))));
    for (name, selector) in [
        ("plain", "all()"),
        ("ns", "pcns.team != 'x'"),
        ("sa", "!has(pcsa.a)"),
    ] {
        objects.inspection(Update::Applied(guarded(&inspection("red", name, selector))));
    }
    assert_eq!(
        objects.needs(),
        Needs {
            namespaces: true,
            service_accounts: true
        }
    );
    let selected = |objects: &Objects| {
        let desired = desired(&objects.snapshot("here"));
        let names = desired.endpoints.iter().flat_map(|e| &e.inspections);
        names.map(|i| i.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(selected(&objects), ["plain"]);
    let missing = desired(&objects.snapshot("here")).inspections[0].missing;
    assert_eq!(missing, Some(Missing::NamespaceLabels));
    objects.namespace(Update::Listing);
    let namespace: PartialObjectMeta<_> =
        read(&json!({"metadata": {"name": "red", "labels": {"team": "y"}}}));
    objects.namespace(Update::Page(vec![namespace.clone()]));
    objects.namespace(Update::Listed);
    assert_eq!(selected(&objects), ["ns", "plain"]);
    objects.service_account(Update::Listing);
    objects.service_account(Update::Listed);
    assert_eq!(selected(&objects), ["ns", "plain", "sa"]);
    let mut namespace = namespace;
    namespace.metadata.labels = Some(BTreeMap::from([("team".to_owned(), "x".to_owned())]));
    objects.namespace(Update::Applied(namespace));
    assert_eq!(selected(&objects), ["plain", "sa"]);
}

async fn until(views: &mut watch::Receiver<View>, what: impl FnMut(&View) -> bool) -> View {
    let found = timeout(Duration::from_secs(10), views.wait_for(what)).await;
    found.expect("it does not come to this").unwrap().clone()
}

fn red() -> Vec<Value> {
    vec![pod(
        "red",
        "p",
        &json!({"app": "a"}),
        Some("10.0.0.1"),
        "Running",
    )]
}

/// Lists these inspections and one pod, and holds the watches open.
fn lists(call: &Call, inspections: &[Value]) -> Reply {
    match call.path.as_str() {
        _ if call.is_watch() => Reply::Watch(Vec::new(), true),
        "/apis/projectcalico.org/v3/deeppacketinspections" => Reply::list("5", inspections),
        "/api/v1/pods" => Reply::list("5", &red()),
        _ => Reply::error(403, "Forbidden", "namespaces is forbidden"),
    }
}

#[tokio::test]
async fn a_change_is_known_within_a_moment() {
    let (tell, stream) = tokio::sync::mpsc::unbounded_channel();
    let mut stream = Some(stream);
    let (client, _server) = mock::server(move |call| {
        if call.is_watch()
            && call.path.ends_with("/pods")
            && let Some(stream) = stream.take()
        {
            return Reply::Stream(stream);
        }
        lists(&call, &[inspection("red", "all", "app == 'a'")])
    });
    let folder = tempfile::tempdir().unwrap();
    let source = ApiSource::start(client, "here".to_owned(), folder.path().to_owned());
    let mut views = source.views();
    let view = until(&mut views, |view| view.authoritative).await;
    assert_eq!(desired(&view.snapshot).endpoints.len(), 1);
    assert!(!view.status.stale);
    let object = pod(
        "red",
        "q",
        &json!({"app": "a"}),
        Some("10.0.0.2"),
        "Running",
    );
    let begun = std::time::Instant::now();
    tell.send(event("ADDED", &object)).unwrap();
    until(&mut views, |view| view.snapshot.pods().len() == 2).await;
    // Half a second more than the debouncing: the machine may be busy.
    assert!(
        begun.elapsed() < Duration::from_millis(550),
        "{:?}",
        begun.elapsed()
    );
    tell.send(event("DELETED", &object)).unwrap();
    until(&mut views, |view| view.snapshot.pods().len() == 1).await;
}

/// Nothing is authoritative before every watch has been in sync; what is kept on disk is
/// used meanwhile, and said to be stale.
#[tokio::test]
async fn without_the_api_server_what_is_kept_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (client, server) =
        mock::server(|call| lists(&call, &[inspection("red", "all", "app == 'a'")]));
    let source = ApiSource::start(client, "here".to_owned(), folder.path().to_owned());
    until(&mut source.views(), |view| view.authoritative).await;
    for _ in 0..500 {
        if folder.path().join("objects.json").exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop((source, server));
    let (client, _server) = mock::server(|call| {
        if call.path.ends_with("/pods") {
            return lists(&call, &[]);
        }
        Reply::error(503, "ServiceUnavailable", "starting")
    });
    for (node, pods) in [("elsewhere", 0), ("here", 1)] {
        let start = ApiSource::start(client.clone(), node.to_owned(), folder.path().to_owned());
        let mut views = start.views();
        let view = until(&mut views, |view| {
            !view.status.problems.is_empty() && view.snapshot.pods().len() == pods
        })
        .await;
        assert_eq!(desired(&view.snapshot).endpoints.len(), pods);
        assert!(!view.authoritative && view.status.stale);
    }
}

/// Labels that may not be read hold up only the inspections that name them.
#[tokio::test]
async fn what_is_forbidden_is_told_and_the_rest_goes_on() {
    let (client, server) = mock::server(|call| {
        let both = [
            inspection("red", "all", "app == 'a'"),
            inspection("red", "team", "pcns.team == 'x'"),
        ];
        lists(&call, &both)
    });
    let folder = tempfile::tempdir().unwrap();
    let source = ApiSource::start(client, "here".to_owned(), folder.path().to_owned());
    let mut views = source.views();
    let view = until(&mut views, |view| {
        view.authoritative && !view.status.problems.is_empty()
    })
    .await;
    assert!(
        view.status.problems[0].contains("apply the roles"),
        "{:?}",
        view.status
    );
    let desired = desired(&view.snapshot);
    assert_eq!(desired.endpoints[0].inspections.len(), 1);
    assert!(desired.inspections[1].missing.is_some());
    // Service accounts are nobody's business here.
    let calls = server.calls();
    assert!(calls.iter().any(|call| call.path == "/api/v1/namespaces"));
    assert!(
        !calls
            .iter()
            .any(|call| call.path.contains("serviceaccounts"))
    );
}

#[tokio::test]
async fn a_missing_crd_is_told_with_the_remedy() {
    let (client, _server) = mock::server(|call| match call.path.as_str() {
        "/api/v1/pods" => lists(&call, &[]),
        _ => Reply::error(
            404,
            "NotFound",
            "the server could not find the requested resource",
        ),
    });
    let folder = tempfile::tempdir().unwrap();
    let source = ApiSource::start(client, "here".to_owned(), folder.path().to_owned());
    let mut views = source.views();
    let view = until(&mut views, |view| !view.status.problems.is_empty()).await;
    assert!(view.status.problems[0].contains("dpi-agent manifests | kubectl apply -f -"));
    assert!(!view.authoritative);
    assert_eq!(view.snapshot, Arc::default());
}
