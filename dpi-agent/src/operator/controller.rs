//! The loop that keeps every inspection's status.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use dpi_api::{
    inspection::{DeepPacketInspection, DeepPacketInspectionStatus},
    node_inspection::{NodeInspection, NodeInspectionStatus},
};
use k8s_openapi::jiff::Timestamp;
use kube::{Api, Client, ResourceExt, api::PostParams, core::DeserializeGuard};
use tokio::{
    sync::mpsc,
    time::{sleep_until, timeout},
};

use super::fold::{Heard, Subject, fold, same_but_counters};
use crate::{
    apiserver::{Backoff, Follow, Health, REQUEST_TIMEOUT, Trouble, Update, retry_after},
    reports::{Difference, Pace},
    watches::{Key, Store},
};

/// Changes that come together are folded at once.
const DEBOUNCE: Duration = Duration::from_millis(200);
/// Everything is looked at so often even if nothing is told: nodes fall silent.
const LOOK: Duration = Duration::from_secs(30);
/// An inspection that no node reports is taken for one that selects nothing after so long:
/// nodes report what they select within two seconds.
const SETTLE: Duration = Duration::from_secs(5);
const QUEUE: usize = 256;
const INSPECTIONS: &str = "deeppacketinspections.projectcalico.org";
const NODES: &str = "nodeinspections.dpi-agent.dev";

enum Message {
    Inspection(Update<DeserializeGuard<DeepPacketInspection>>),
    Node(Update<DeserializeGuard<NodeInspection>>),
    Health(Health),
}

/// Keeps the status of every inspection.
pub(super) async fn run(client: Client) {
    let (messages, mut inbox) = mpsc::channel(QUEUE);
    let follow = Follow::new::<DeepPacketInspection>(&client, INSPECTIONS);
    tokio::spawn(follow.run(messages.clone(), Message::Inspection, Message::Health));
    let follow = Follow::new::<NodeInspection>(&client, NODES);
    tokio::spawn(follow.run(messages, Message::Node, Message::Health));
    let mut controller = Controller::new(client);
    let mut fold_at = Instant::now() + LOOK;
    loop {
        tokio::select! {
            message = inbox.recv() => {
                let Some(message) = message else { return };
                if controller.take(message) {
                    fold_at = fold_at.min(Instant::now() + DEBOUNCE);
                }
            }
            () = sleep_until(fold_at.into()) => {
                fold_at = controller.fold_all().await;
            }
        }
    }
}

struct Controller {
    client: Client,
    inspections: Store<Arc<DeepPacketInspection>>,
    nodes: Store<Arc<NodeInspectionStatus>>,
    work: HashMap<Key, Work>,
    backoff: Backoff,
    not_before: Instant,
    told: Option<Trouble>,
    begun: Instant,
}

/// What is known of the work on one inspection.
struct Work {
    uid: String,
    generation: i64,
    /// Since when it has been as it is.
    since: Instant,
    pace: Pace,
    /// What was last written; a CRD that lacks fields does not show it.
    written: Option<DeepPacketInspectionStatus>,
}

impl Controller {
    fn new(client: Client) -> Self {
        Self {
            client,
            inspections: Store::default(),
            nodes: Store::default(),
            work: HashMap::new(),
            backoff: Backoff::USUAL,
            not_before: Instant::now(),
            told: None,
            begun: Instant::now(),
        }
    }

    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Inspection(update) => {
                let update = update.map(|DeserializeGuard(object)| match object {
                    Ok(object) => (key(&object), Some(Arc::new(object))),
                    Err(invalid) => {
                        let name = invalid.metadata.name.unwrap_or_default();
                        let namespace = invalid.metadata.namespace.unwrap_or_default();
                        tracing::warn!("{INSPECTIONS} {namespace}/{name}: {}", invalid.error);
                        ((namespace, name), None)
                    }
                });
                self.inspections.update(update)
            }
            Message::Node(update) => {
                let update = update.map(|DeserializeGuard(object)| match object {
                    Ok(object) => (key(&object), object.status.map(Arc::new)),
                    Err(invalid) => {
                        let name = invalid.metadata.name.unwrap_or_default();
                        tracing::warn!("{NODES} {name}: {}", invalid.error);
                        ((String::new(), name), None)
                    }
                });
                self.nodes.update(update)
            }
            Message::Health(Health::Good) => false,
            Message::Health(Health::Failing(trouble, _)) => {
                self.tell(trouble);
                false
            }
        }
    }

    fn tell(&mut self, trouble: Trouble) {
        if self.told.as_ref() != Some(&trouble) {
            tracing::warn!("{trouble}");
            self.told = Some(trouble);
        }
    }

    /// Folds and writes what is due; when to do so again.
    async fn fold_all(&mut self) -> Instant {
        let now = Instant::now();
        let mut next = now + LOOK;
        // Half the nodes would look like all of them.
        if !self.inspections.synced() || !self.nodes.synced() {
            return next;
        }
        if now < self.not_before {
            return self.not_before;
        }
        let inspections = &self.inspections;
        self.work.retain(|key, _| inspections.get(key).is_some());
        let all: Vec<_> = self
            .inspections
            .iter()
            .map(|(k, v)| (k.clone(), Arc::clone(v)))
            .collect();
        let nodes: Vec<(String, Arc<NodeInspectionStatus>)> = self
            .nodes
            .iter()
            .map(|(k, v)| (k.1.clone(), Arc::clone(v)))
            .collect();
        let mut heard: BTreeMap<(&str, &str), Vec<Heard<'_>>> = BTreeMap::new();
        for (node, whole) in &nodes {
            for about in &whole.inspections {
                let key = (about.namespace.as_str(), about.name.as_str());
                let of = Heard { node, whole, about };
                heard.entry(key).or_default().push(of);
            }
        }
        for (key, object) in all {
            let about = heard.get(&(key.0.as_str(), key.1.as_str()));
            let about = about.map_or(&[][..], Vec::as_slice);
            let due = self.fold_one(&key, &object, nodes.len(), about).await;
            next = next.min(due.unwrap_or(next));
            if Instant::now() < self.not_before {
                return self.not_before;
            }
        }
        next
    }

    /// When this inspection is to be looked at again, if that is sooner than all are.
    async fn fold_one(
        &mut self,
        key: &Key,
        object: &DeepPacketInspection,
        agents: usize,
        heard: &[Heard<'_>],
    ) -> Option<Instant> {
        let now = Instant::now();
        let uid = object.uid().unwrap_or_default();
        let generation = object.metadata.generation.unwrap_or(0);
        let work = self.work.entry(key.clone()).or_insert_with(|| Work {
            uid: uid.clone(),
            generation,
            since: now,
            pace: Pace::default(),
            written: None,
        });
        if work.uid != uid || work.generation != generation {
            work.since = now;
            work.generation = generation;
        }
        if work.uid != uid {
            work.uid.clone_from(&uid);
            work.written = None;
        }
        let before = work.written.as_ref().or(object.status.as_ref());
        let settles = work.since + SETTLE;
        let subject = Subject {
            uid: &uid,
            generation,
            spec: &object.spec,
            settled: settles <= now,
        };
        let wanted = fold(subject, agents, heard, before, Timestamp::now());
        let difference = difference(&wanted, before, object.status.as_ref());
        let unsettled = (settles > now).then_some(settles);
        if difference == Difference::None {
            return unsettled;
        }
        let due = self.begun + work.pace.due(difference)?;
        if due > now {
            return Some(unsettled.map_or(due, |at| at.min(due)));
        }
        self.write(key, object, wanted).await;
        Some(unsettled.unwrap_or(now + LOOK))
    }

    async fn write(
        &mut self,
        key: &Key,
        object: &DeepPacketInspection,
        status: DeepPacketInspectionStatus,
    ) {
        let api: Api<DeepPacketInspection> = Api::namespaced(self.client.clone(), &key.0);
        let mut new = object.clone();
        new.metadata.managed_fields = None;
        new.status = Some(status.clone());
        // With its resourceVersion: an object that has changed meanwhile is folded again.
        let params = PostParams::default();
        let write = api.replace_status(&key.1, &params, &new);
        let (trouble, asked) = match timeout(REQUEST_TIMEOUT, write).await {
            Ok(Ok(_)) => {
                self.backoff.succeeded();
                self.told = None;
                if let Some(work) = self.work.get_mut(key) {
                    work.pace.written(self.begun.elapsed());
                    work.written = Some(status);
                }
                return;
            }
            Ok(Err(kube::Error::Api(error))) if matches!(error.code, 404 | 409) => {
                // The watch tells what it is now.
                if let Some(work) = self.work.get_mut(key) {
                    work.pace.written(self.begun.elapsed());
                }
                return;
            }
            Ok(Err(error)) => (Trouble::of(&error, INSPECTIONS), retry_after(&error)),
            Err(_) => (Trouble::silence(INSPECTIONS, REQUEST_TIMEOUT), None),
        };
        self.tell(trouble);
        let wait = self.backoff.failed().max(asked.unwrap_or_default());
        self.not_before = Instant::now() + wait;
    }
}

/// How `wanted` differs from what was written, or from what is there if somebody else has
/// changed what every CRD has.
fn difference(
    wanted: &DeepPacketInspectionStatus,
    before: Option<&DeepPacketInspectionStatus>,
    there: Option<&DeepPacketInspectionStatus>,
) -> Difference {
    let (Some(before), Some(there)) = (before, there) else {
        return Difference::State;
    };
    if there.nodes != before.nodes || !same_but_counters(wanted, before) {
        Difference::State
    } else if wanted == before {
        Difference::None
    } else {
        Difference::Counters
    }
}

fn key<K: kube::Resource>(object: &K) -> Key {
    let metadata = object.meta();
    (
        metadata.namespace.clone().unwrap_or_default(),
        metadata.name.clone().unwrap_or_default(),
    )
}
