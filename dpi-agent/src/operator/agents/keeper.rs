//! The loop that applies what is rendered, keeps it so, and says how it is.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dpi_api::{
    intrusion_detection::{IntrusionDetection, IntrusionDetectionStatus},
    node_inspection::NodeInspection,
};
use k8s_openapi::{api::apps::v1::DaemonSet, jiff::Timestamp};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams},
    core::DeserializeGuard,
};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{sleep_until, timeout},
};

use super::{
    apply::apply,
    conditions::{Facts, Failure, Kept, status},
    first,
    installation::Installation,
    render::managed_by,
};
use crate::{
    apiserver::{Backoff, Follow, Health, REQUEST_TIMEOUT, Trouble, Update},
    install::{AGENTS_NAMESPACE, DAEMONSET, INSTALLATION},
    watches::{Key, Store},
};

/// Changes that come together are looked at once.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// Everything is applied anew so often: only the `DaemonSet` is watched.
const RESYNC: Duration = Duration::from_secs(60);
/// Agents take their programs off before they end.
const LEAVING: Duration = Duration::from_secs(5);
const QUEUE: usize = 16;
const INSTALLATIONS: &str = "intrusiondetections.operator.tigera.io";
const DAEMONSETS: &str = "daemonsets.apps";
const REPORTS: &str = "nodeinspections.dpi-agent.dev";

enum Message {
    Installation(Box<Update<DeserializeGuard<IntrusionDetection>>>),
    DaemonSet(Box<Update<DeserializeGuard<DaemonSet>>>),
    Health(Health),
}

/// Keeps the agents as tigera-secure asks for them; they run `image`. The operator's lease is
/// in `namespace`.
pub(in crate::operator) async fn run(client: Client, image: String, namespace: String) {
    let (messages, mut inbox) = mpsc::channel(QUEUE);
    let follow = Follow::new::<IntrusionDetection>(&client, INSTALLATIONS)
        .fields(format!("metadata.name={INSTALLATION}"));
    let boxed = |update| Message::Installation(Box::new(update));
    tokio::spawn(follow.run(messages.clone(), boxed, Message::Health));
    let follow =
        Follow::new::<DaemonSet>(&client, DAEMONSETS).fields(format!("metadata.name={DAEMONSET}"));
    let boxed = |update| Message::DaemonSet(Box::new(update));
    tokio::spawn(follow.run(messages, boxed, Message::Health));
    let mut keeper = Keeper::new(client, image, namespace);
    let mut look_at = Instant::now() + RESYNC;
    loop {
        tokio::select! {
            message = inbox.recv() => {
                let Some(message) = message else { return };
                if keeper.take(message) {
                    look_at = look_at.min(Instant::now() + DEBOUNCE);
                }
            }
            () = sleep_until(look_at.into()) => look_at = keeper.look().await,
        }
    }
}

struct Keeper {
    client: Client,
    image: String,
    namespace: String,
    /// It is known that tigera-secure was made.
    begun: bool,
    installations: Store<Installation>,
    daemonsets: Store<Arc<DaemonSet>>,
    /// What was last applied without a failure, and when.
    applied: Option<(Vec<Value>, i64, Instant)>,
    /// Agents are gone whose reports are still there.
    reports_left: bool,
    failure: Option<Failure>,
    written: Option<IntrusionDetectionStatus>,
    backoff: Backoff,
    not_before: Instant,
    told: Option<String>,
}

impl Keeper {
    fn new(client: Client, image: String, namespace: String) -> Self {
        Self {
            client,
            image,
            namespace,
            begun: false,
            installations: Store::default(),
            daemonsets: Store::default(),
            applied: None,
            reports_left: false,
            failure: None,
            written: None,
            backoff: Backoff::USUAL,
            not_before: Instant::now(),
            told: None,
        }
    }

    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Installation(update) => {
                let update = update.map(|DeserializeGuard(object)| {
                    let (name, installation) = Installation::read(object);
                    ((String::new(), name), Some(installation))
                });
                self.installations.update(update)
            }
            Message::DaemonSet(update) => {
                let update = update.map(|DeserializeGuard(object)| {
                    let object = object.ok().map(Arc::new);
                    let namespace = object.as_ref().and_then(|o| o.namespace());
                    let key: Key = (namespace.unwrap_or_default(), DAEMONSET.to_owned());
                    (key, object)
                });
                self.daemonsets.update(update)
            }
            Message::Health(Health::Good) => false,
            Message::Health(Health::Failing(trouble, _)) => {
                self.tell(trouble.to_string());
                false
            }
        }
    }

    fn tell(&mut self, line: String) {
        if self.told.as_ref() != Some(&line) {
            tracing::warn!("{line}");
            self.told = Some(line);
        }
    }

    fn installation(&self) -> Option<Installation> {
        let key = (String::new(), INSTALLATION.to_owned());
        self.installations.get(&key).cloned()
    }

    fn daemonset(&self) -> Option<Arc<DaemonSet>> {
        let key = (AGENTS_NAMESPACE.to_owned(), DAEMONSET.to_owned());
        self.daemonsets.get(&key).map(Arc::clone)
    }

    /// Brings the cluster to what is asked for, and tells how it is; when to look again.
    async fn look(&mut self) -> Instant {
        let now = Instant::now();
        if now < self.not_before {
            return self.not_before;
        }
        if !self.installations.synced() || !self.daemonsets.synced() {
            return now + RESYNC;
        }
        let installation = self.installation();
        if !self.begun && !self.begin(installation.is_some()).await {
            return self.not_before;
        }
        let Some(installation) = installation else {
            return self.look_at_nothing().await;
        };
        let rendered = installation.rendered(&self.image);
        let problems: Vec<String> = rendered.problems.iter().map(ToString::to_string).collect();
        let daemonset = self.daemonset();
        let ours = daemonset.as_deref().is_some_and(is_ours);
        let kept = if ours { Kept::Before } else { Kept::Usual };
        if daemonset.is_some() && !ours {
            self.failure = Some(anothers());
        } else if problems.is_empty() || !ours {
            self.apply(&rendered.objects, daemonset.as_deref()).await;
        }
        // What is there counts, not what was written to an object of this name before.
        let before = match &installation {
            Installation::Understood(object) => object.status.as_ref(),
            Installation::NotUnderstood { .. } => self.written.as_ref(),
        };
        let facts = Facts {
            generation: installation.generation(),
            problems: &problems,
            kept,
            failure: self.failure.clone(),
            daemonset: daemonset.as_deref().filter(|_| ours),
        };
        let wanted = status(&facts, before, this_second());
        self.write_status(wanted).await;
        if self.failure.is_some() {
            self.not_before = Instant::now() + self.backoff.failed();
            return self.not_before;
        }
        Instant::now() + RESYNC
    }

    /// There is no tigera-secure. What it owned is collected by the cluster; the agents'
    /// reports are owned by their nodes, and would tell of inspection for a while yet.
    async fn look_at_nothing(&mut self) -> Instant {
        if self.applied.take().is_some() {
            tracing::info!("{INSTALLATION} is gone, and so are the agents");
            self.reports_left = true;
        }
        (self.failure, self.written) = (None, None);
        let now = Instant::now();
        if !self.reports_left {
            return now + RESYNC;
        }
        if self.daemonset().is_some() {
            // The watch tells when it is gone, too.
            return now + LEAVING;
        }
        let reports: Api<NodeInspection> = Api::all(self.client.clone());
        let (how, which) = (DeleteParams::default(), ListParams::default());
        let deletion = reports.delete_collection(&how, &which);
        match timeout(REQUEST_TIMEOUT, deletion).await {
            Ok(Ok(_)) => self.reports_left = false,
            Ok(Err(error)) => self.tell(Trouble::of(&error, REPORTS).to_string()),
            Err(_) => self.tell(Trouble::silence(REPORTS, REQUEST_TIMEOUT).to_string()),
        }
        now + LEAVING
    }

    /// Makes tigera-secure in a fresh installation; whether all is well.
    async fn begin(&mut self, there_is_one: bool) -> bool {
        match first::make(&self.client, &self.namespace, there_is_one).await {
            Ok(made) => {
                if made {
                    tracing::info!("{INSTALLATION} is made: this installation is fresh");
                }
                self.begun = true;
            }
            Err(trouble) => {
                self.tell(trouble.to_string());
                self.not_before = Instant::now() + self.backoff.failed();
            }
        }
        self.begun
    }

    /// Applies the objects, unless they are known to be so.
    async fn apply(&mut self, objects: &[Value], daemonset: Option<&DaemonSet>) {
        let generation = daemonset.and_then(|d| d.metadata.generation).unwrap_or(0);
        let now = Instant::now();
        if let Some((applied, of, at)) = &self.applied
            && applied == objects
            && *of == generation
            && now < *at + RESYNC
        {
            return;
        }
        let mut of = generation;
        for object in objects {
            match apply(&self.client, object).await {
                Ok(applied) => of = applied.metadata.generation.unwrap_or(of),
                Err(failure) => {
                    self.tell(failure.message.clone());
                    self.failure = Some(failure);
                    return;
                }
            }
        }
        if self
            .applied
            .as_ref()
            .is_none_or(|(applied, ..)| applied != objects)
        {
            tracing::info!(
                objects = objects.len(),
                "the agents are as they are asked for"
            );
        }
        self.applied = Some((objects.to_vec(), of, now));
        self.failure = None;
        self.told = None;
        self.backoff.succeeded();
    }

    /// Writes the status if it differs from what is there.
    async fn write_status(&mut self, wanted: IntrusionDetectionStatus) {
        if self.written.as_ref() == Some(&wanted) {
            return;
        }
        let api: Api<IntrusionDetection> = Api::all(self.client.clone());
        let patch = Patch::Merge(json!({"status": wanted}));
        let params = PatchParams::default();
        let write = api.patch_status(INSTALLATION, &params, &patch);
        match timeout(REQUEST_TIMEOUT, write).await {
            Ok(Ok(_)) => {
                let state = wanted.state.as_deref().unwrap_or_default();
                tracing::info!(state, "{INSTALLATION}: {}", summary(&wanted));
                self.written = Some(wanted);
            }
            // The watch tells that it is gone.
            Ok(Err(kube::Error::Api(error))) if error.code == 404 => {}
            Ok(Err(error)) => self.tell(Trouble::of(&error, INSTALLATIONS).to_string()),
            Err(_) => self.tell(Trouble::silence(INSTALLATIONS, REQUEST_TIMEOUT).to_string()),
        }
    }
}

/// The API keeps times of conditions in whole seconds.
fn this_second() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// What matters most.
fn summary(status: &IntrusionDetectionStatus) -> &str {
    let message = |kind: &str| {
        let mut conditions = status.conditions.iter();
        let found = conditions.find(|c| c.type_ == kind && c.status == "True");
        found.map(|condition| condition.message.as_str())
    };
    let all = ["Degraded", "Progressing", "Ready"].map(message);
    all.into_iter().flatten().next().unwrap_or_default()
}

/// Whether this operator made it.
fn is_ours(daemonset: &DaemonSet) -> bool {
    let (label, value) = managed_by();
    daemonset.labels().get(label).is_some_and(|of| of == value)
}

fn anothers() -> Failure {
    Failure {
        reason: "AnothersDaemonSet",
        message: format!(
            "DaemonSet {AGENTS_NAMESPACE}/{DAEMONSET} was made by somebody else, perhaps Calico; \
             delete it if these agents are to take its place"
        ),
    }
}
