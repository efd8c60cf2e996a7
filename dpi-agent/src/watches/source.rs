//! The tasks that follow the API server, and what they come to.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use dpi_api::inspection::DeepPacketInspection;
use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use kube::{
    Client,
    core::{DeserializeGuard, PartialObjectMeta},
};
use serde::Serialize;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::sleep_until,
};

use super::{kept, objects::Objects};
use crate::{
    apiserver::{Follow, Health, Trouble, Update},
    snapshot::Snapshot,
};

/// Changes that come together become one snapshot.
const DEBOUNCE: Duration = Duration::from_millis(50);
/// What was kept on disk is used after so long without the API server.
const KEPT_AFTER: Duration = Duration::from_secs(3);
/// The disk is written to at most so often.
const KEEP_EVERY: Duration = Duration::from_secs(2);
/// Messages of the watches that may wait; a watch that is ahead waits for room.
const QUEUE: usize = 256;
/// Failures in a row after which a watch does not count as up to date.
const STALE_AFTER: u32 = 2;
/// Problems that the status lists.
const MAX_PROBLEMS: usize = 10;

/// What is known, and how far it can be relied on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// The objects.
    pub snapshot: Arc<Snapshot>,
    /// Every watch has been in sync since the start: what is absent is gone. Until then
    /// nothing that an earlier run attached is detached.
    pub authoritative: bool,
    /// How the watches are.
    pub status: ApiStatus,
}

/// How the watches are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiStatus {
    /// Every watch has been in sync since the start.
    pub synced: bool,
    /// Some of what is known may be out of date.
    pub stale: bool,
    /// What is wrong, ten at most, each with its remedy.
    pub problems: Vec<String>,
    /// Each watch by its resource.
    pub watches: BTreeMap<&'static str, WatchStatus>,
}

/// How one watch is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchStatus {
    /// A whole list has been seen.
    pub synced: bool,
    /// Objects held.
    pub objects: usize,
    /// Whole lists seen.
    pub lists: u64,
    /// Requests that failed, by reason.
    pub errors: BTreeMap<&'static str, u64>,
}

/// Follows the API server until it is dropped.
#[derive(Debug)]
pub struct ApiSource {
    views: watch::Receiver<View>,
    task: JoinHandle<()>,
}

impl ApiSource {
    /// Follows what concerns the node called `node`. `directory` keeps the last objects.
    pub fn start(client: Client, node: String, directory: PathBuf) -> Self {
        let (published, views) = watch::channel(View::default());
        let (messages, inbox) = mpsc::channel(QUEUE);
        let collector = Collector {
            kept: kept::kept(&directory, &node),
            client,
            node,
            directory,
            messages,
            objects: Objects::default(),
            watches: BTreeMap::new(),
            published,
            settled: false,
        };
        let task = tokio::spawn(collector.run(inbox));
        Self { views, task }
    }

    /// The latest view, and notice of each change.
    pub fn views(&self) -> watch::Receiver<View> {
        self.views.clone()
    }
}

impl Drop for ApiSource {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Inspections,
    Pods,
    Namespaces,
    ServiceAccounts,
}

enum Message {
    Inspection(Update<DeserializeGuard<DeepPacketInspection>>),
    Pod(Box<Update<Pod>>),
    Namespace(Update<PartialObjectMeta<Namespace>>),
    ServiceAccount(Update<PartialObjectMeta<ServiceAccount>>),
    Health(Kind, Health),
}

/// A watch and how it is.
struct Watching {
    task: JoinHandle<()>,
    failing: Option<(Trouble, u32)>,
    errors: BTreeMap<&'static str, u64>,
}

struct Collector {
    client: Client,
    node: String,
    directory: PathBuf,
    messages: mpsc::Sender<Message>,
    objects: Objects,
    kept: Option<Objects>,
    watches: BTreeMap<Kind, Watching>,
    published: watch::Sender<View>,
    /// Every watch has been in sync.
    settled: bool,
}

impl Collector {
    async fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        self.watch(Kind::Inspections);
        self.watch(Kind::Pods);
        let mut publish_at: Option<Instant> = None;
        let mut kept_at = self.kept.as_ref().map(|_| Instant::now() + KEPT_AFTER);
        let mut keep_at: Option<Instant> = None;
        loop {
            tokio::select! {
                message = inbox.recv() => {
                    // The collector itself holds a sender.
                    let Some(message) = message else { return };
                    if self.take(message) {
                        publish_at.get_or_insert(Instant::now() + DEBOUNCE);
                    }
                }
                () = at(publish_at) => {
                    publish_at = None;
                    self.publish();
                    if self.settled {
                        kept_at = None;
                        keep_at.get_or_insert(Instant::now() + KEEP_EVERY);
                    }
                }
                () = at(kept_at) => {
                    kept_at = None;
                    tracing::warn!(
                        "the API server does not answer: going on with what was known when the agent last ran"
                    );
                    self.publish();
                }
                () = at(keep_at) => {
                    keep_at = None;
                    if let Err(error) = kept::keep(&self.directory, &self.node, &self.objects) {
                        tracing::warn!(%error, "the objects cannot be kept in the state directory");
                    }
                }
            }
        }
    }

    /// Takes a message; says whether there is something to publish.
    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Inspection(update) => {
                let changed = self.objects.inspection(update);
                if changed {
                    self.watch_labels();
                }
                changed
            }
            Message::Pod(update) => self.objects.pod(*update),
            Message::Namespace(update) => self.objects.namespace(update),
            Message::ServiceAccount(update) => self.objects.service_account(update),
            Message::Health(kind, health) => self.health(kind, health),
        }
    }

    fn health(&mut self, kind: Kind, health: Health) -> bool {
        let Some(watching) = self.watches.get_mut(&kind) else {
            return false;
        };
        let before = watching
            .failing
            .as_ref()
            .map(|(trouble, _)| trouble.clone());
        match health {
            Health::Good => {
                if watching
                    .failing
                    .take()
                    .is_some_and(|(_, n)| n >= STALE_AFTER)
                {
                    tracing::info!("the API server answers again about {}", kind.name());
                }
            }
            Health::Failing(trouble, failures) => {
                *watching.errors.entry(trouble.reason()).or_default() += 1;
                if failures >= STALE_AFTER && before.as_ref() != Some(&trouble)
                    || failures == STALE_AFTER
                {
                    tracing::warn!("{trouble}");
                }
                watching.failing = Some((trouble, failures));
            }
        }
        true
    }

    /// Follows namespaces and service accounts only while a selector names their labels.
    fn watch_labels(&mut self) {
        let needs = self.objects.needs();
        for (kind, needed) in [
            (Kind::Namespaces, needs.namespaces),
            (Kind::ServiceAccounts, needs.service_accounts),
        ] {
            if needed && !self.watches.contains_key(&kind) {
                self.watch(kind);
            } else if !needed && let Some(watching) = self.watches.remove(&kind) {
                watching.task.abort();
                match kind {
                    Kind::Namespaces => self.objects.namespaces.clear(),
                    _ => self.objects.service_accounts.clear(),
                }
            }
        }
    }

    fn watch(&mut self, kind: Kind) {
        let (client, messages) = (&self.client, self.messages.clone());
        let health = move |health| Message::Health(kind, health);
        let task = match kind {
            Kind::Inspections => {
                let follow = Follow::new::<DeepPacketInspection>(client, kind.name());
                tokio::spawn(follow.run(messages, Message::Inspection, health))
            }
            Kind::Pods => {
                let mine = format!("spec.nodeName={}", self.node);
                let follow = Follow::new::<Pod>(client, kind.name()).fields(mine);
                let wrap = |update| Message::Pod(Box::new(update));
                tokio::spawn(follow.run(messages, wrap, health))
            }
            Kind::Namespaces => {
                let follow = Follow::new::<Namespace>(client, kind.name()).metadata_only();
                tokio::spawn(follow.run(messages, Message::Namespace, health))
            }
            Kind::ServiceAccounts => {
                let follow = Follow::new::<ServiceAccount>(client, kind.name()).metadata_only();
                tokio::spawn(follow.run(messages, Message::ServiceAccount, health))
            }
        };
        let watching = Watching {
            task,
            failing: None,
            errors: BTreeMap::new(),
        };
        self.watches.insert(kind, watching);
    }

    fn publish(&mut self) {
        self.settled = self.settled || self.watches.keys().all(|kind| self.has_settled(*kind));
        let objects = match &self.kept {
            Some(kept) if !self.settled => kept,
            _ => &self.objects,
        };
        let snapshot = if self.settled || self.kept.is_some() {
            objects.snapshot(&self.node)
        } else {
            Snapshot::default()
        };
        if self.settled {
            self.kept = None;
        }
        let status = self.status();
        let authoritative = self.settled;
        self.published.send_if_modified(|view| {
            // A snapshot that is the same keeps its place, so that nothing follows from it.
            let snapshot = if *view.snapshot == snapshot {
                Arc::clone(&view.snapshot)
            } else {
                Arc::new(snapshot)
            };
            let new = View {
                snapshot,
                authoritative,
                status,
            };
            let changed = *view != new;
            *view = new;
            changed
        });
    }

    /// In sync, or refused for good: labels that may not be read hold up only the
    /// inspections that name them.
    fn has_settled(&self, kind: Kind) -> bool {
        let label_watch = matches!(kind, Kind::Namespaces | Kind::ServiceAccounts);
        let refused = self.watches.get(&kind).is_some_and(|watching| {
            matches!(watching.failing, Some((Trouble::Forbidden { .. }, _)))
        });
        self.synced(kind) || label_watch && refused
    }

    fn synced(&self, kind: Kind) -> bool {
        match kind {
            Kind::Inspections => self.objects.inspections.synced(),
            Kind::Pods => self.objects.pods.synced(),
            Kind::Namespaces => self.objects.namespaces.synced(),
            Kind::ServiceAccounts => self.objects.service_accounts.synced(),
        }
    }

    fn status(&self) -> ApiStatus {
        let failing = self.watches.values().filter_map(|w| w.failing.as_ref());
        let failing = failing.filter(|(_, failures)| *failures >= STALE_AFTER);
        let mut problems: Vec<String> = failing.map(|(t, _)| t.to_string()).collect();
        let stale = !self.settled || !problems.is_empty();
        problems.extend(self.objects.problems().cloned());
        problems.truncate(MAX_PROBLEMS);
        ApiStatus {
            synced: self.settled,
            stale,
            problems,
            watches: self
                .watches
                .iter()
                .map(|(kind, watching)| (kind.name(), self.watch_status(*kind, watching)))
                .collect(),
        }
    }

    fn watch_status(&self, kind: Kind, watching: &Watching) -> WatchStatus {
        let objects = &self.objects;
        let (objects, lists) = match kind {
            Kind::Inspections => (objects.inspections.len(), objects.inspections.lists()),
            Kind::Pods => (objects.pods.len(), objects.pods.lists()),
            Kind::Namespaces => (objects.namespaces.len(), objects.namespaces.lists()),
            Kind::ServiceAccounts => {
                let accounts = &objects.service_accounts;
                (accounts.len(), accounts.lists())
            }
        };
        WatchStatus {
            synced: self.synced(kind),
            objects,
            lists,
            errors: watching.errors.clone(),
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        for watching in self.watches.values() {
            watching.task.abort();
        }
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Inspections => "deeppacketinspections.projectcalico.org",
            Self::Pods => "pods",
            Self::Namespaces => "namespaces",
            Self::ServiceAccounts => "serviceaccounts",
        }
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
