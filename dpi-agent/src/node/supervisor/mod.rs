//! The loop that brings about what is desired.

mod alone;
mod closing;
mod error;
mod events;
mod node_network;
mod publish;
mod upkeep;
mod worker;

use std::{
    collections::{BTreeMap, HashSet},
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};

use dpi_api::{
    alert::InspectionRef,
    messages::{EngineLimits, RulesReport, ToWorker},
};
use dpi_capture::{Budget, BudgetError, Geometry, memory_limit, ring_budget};
use dpi_common::Slot;
use kube::Client;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::watch;

pub use error::NodeError;
use events::{Events, at, links_changed, worker_event};

use super::{
    account::Account,
    backoff::Backoff,
    options::Options,
    plan::{Circumstances, Outcome, Step, plan},
    redirect_peer::RedirectPeer,
    rings::CaptureOptions,
    session::Session,
    slots::Slots,
    source::Source,
    state::State as Saved,
    status::{State, Status},
    worker_process::{WorkerEvent, WorkerProcess},
};
use crate::{
    alerts::{
        AlertOutput, Dispatch, Peers, Sink,
        events::{EventSink, PeerDetail},
    },
    desired::{Desired, Endpoint, desired},
    error_line::error_line,
    interfaces::{self, CgroupId, Interfaces, Location, NotFound},
    kernel, log_level, metrics, reports, ruleset,
    snapshot::{CgroupPath, PodUid, Snapshot},
};

/// Lease, books and status.
const TICK: Duration = Duration::from_secs(1);
/// Watchdog, unsent messages, and what was put off.
const LOOK: Duration = Duration::from_millis(200);
/// Interfaces settle for so long before the tables are read: a CNI makes links, addresses
/// and routes one after the other.
const SETTLE: Duration = Duration::from_millis(30);
/// Times after which a pod that was not found is looked for again.
const SOONEST: Duration = Duration::from_millis(40);
const LATEST: Duration = Duration::from_secs(5);
/// Time after which inspection that could not begin is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// A dead worker's rings are filled on for so long; the next one goes on with them.
const GRACE: Duration = Duration::from_secs(5);
/// Time for a worker to finish when told to.
const FAREWELL: Duration = Duration::from_secs(3);
/// Messages taken from the worker at a time, so that timers are not kept waiting.
const BATCH: usize = 512;
/// Memory limit to share out where there is none.
const ASSUMED_LIMIT: u64 = 1 << 30;
/// Bytes that a tracked flow is reckoned at.
const FLOW_BYTES: u64 = 1024;

/// Inspects what is selected until `SIGTERM` or `SIGINT`.
pub async fn run(options: Options) -> Result<(), NodeError> {
    let mut events = Events::new()?;
    kernel::check().map_err(Box::new)?;
    std::fs::read_dir(&options.rules).map_err(|source| NodeError::Rules {
        path: options.rules.clone(),
        source,
    })?;
    std::fs::create_dir_all(&options.state_dir).map_err(|source| NodeError::StateDir {
        path: options.state_dir.clone(),
        source,
    })?;
    // Held until the process ends.
    let _alone = alone::lock(&options.state_dir)?;
    log_level::forget(&options.state_dir);
    let output = AlertOutput::open(options.output.as_deref(), options.format)?;
    let budget = budget(&options)?;
    let (source, client) = Source::start(
        &options.objects,
        options.node_name.as_deref(),
        options.state_dir.clone(),
    )
    .await?;
    let (published, readers) = watch::channel(Arc::new(Status::default()));
    let (snapshots, known) = watch::channel(Arc::new(Snapshot::default()));
    let alerts = dispatch(output, client.as_ref(), options.events, known);
    let reporter = client.zip(options.node_name.clone());
    let reporter = reporter
        .map(|(client, node)| tokio::spawn(reports::run(client, node, published.subscribe())));
    if let Some(address) = options.metrics {
        let server = metrics::bind(address).await?;
        tokio::spawn(metrics::serve(server, readers));
    }
    let mut supervisor = Supervisor::new(options, &budget, source, snapshots, alerts, published)?;
    supervisor.resolve();
    supervisor.run(&mut events).await;
    supervisor.shut_down().await;
    supervisor.publish(State::Stopped);
    drop(supervisor);
    if let Some(reporter) = reporter {
        // It tells the cluster that nothing is inspected here any more, and ends.
        let _ = tokio::time::timeout(FAREWELL, reporter).await;
    }
    Ok(())
}

/// The way of alerts: to the output, and to Events where there is an API server.
fn dispatch(
    output: AlertOutput,
    client: Option<&Client>,
    events: Option<PeerDetail>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
) -> Dispatch {
    let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(output)];
    if let (Some(client), Some(peer)) = (client, events) {
        sinks.push(Box::new(EventSink::start(client.clone(), peer, snapshots)));
    }
    Dispatch::new(sinks, client.cloned().map(Peers::start))
}

/// How the memory is shared out.
fn budget(options: &Options) -> Result<Budget, BudgetError> {
    let membership = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limit = memory_limit("/sys/fs/cgroup".as_ref(), &membership)?;
    let mut budget = ring_budget(limit.unwrap_or(ASSUMED_LIMIT), options.workers)?;
    if let Some(bytes) = options.ring_memory {
        budget.ring = Geometry::within(bytes);
    }
    Ok(budget)
}

struct Supervisor {
    options: Options,
    capture: CaptureOptions,
    limits: EngineLimits,
    source: Source,
    snapshots: watch::Sender<Arc<Snapshot>>,
    alerts: Dispatch,
    published: watch::Sender<Arc<Status>>,
    interfaces: Interfaces,
    reader: interfaces::Reader,
    snapshot: Arc<Snapshot>,
    desired: Desired,
    outcome: Outcome,
    slots: Slots,
    failed: BTreeMap<u32, String>,
    /// The agent's own cgroup.
    own_cgroup: Option<CgroupId>,
    redirect: RedirectPeer,
    /// Since when a pod that may still be found has not been.
    missing_since: Option<Instant>,
    worker: Option<WorkerProcess>,
    session: Option<Session>,
    rules: Option<RulesReport>,
    rules_error: Option<String>,
    /// Of the rules directory, since the worker began.
    rules_watch: Option<ruleset::Watch>,
    problem: Option<String>,
    /// Highest epoch that any worker had.
    epoch: u32,
    backoff: Backoff,
    /// When the next worker is started, or inspection tried again.
    start_at: Option<Instant>,
    /// Nothing is selected any more, and something is still there.
    closing: bool,
    /// When interfaces are looked at again.
    resolve_at: Option<Instant>,
    /// Rules are to be compiled anew, and the worker has not been told yet.
    reload: bool,
    died_at: Option<Instant>,
    deaths: u64,
    last_end: Option<String>,
    account: Account,
    saved: Option<Saved>,
    received: u64,
    /// Alerts for each inspection that there is.
    alerts_for: BTreeMap<InspectionRef, u64>,
    bypasses: u64,
    /// Pins of an earlier run have not been looked for yet.
    leftovers: bool,
}

impl Supervisor {
    fn new(
        options: Options,
        budget: &Budget,
        mut source: Source,
        snapshots: watch::Sender<Arc<Snapshot>>,
        alerts: Dispatch,
        published: watch::Sender<Arc<Status>>,
    ) -> Result<Self, NodeError> {
        let saved = Saved::read(&options.state_dir);
        let snapshot = source.snapshot();
        snapshots.send_replace(Arc::clone(&snapshot));
        let capture = CaptureOptions {
            sink: options.sink,
            name: options.sink_name.clone(),
            geometry: budget.ring,
            readers: budget.readers.get(),
        };
        let found = saved.as_ref().is_some_and(Saved::redirect_peer);
        let redirect = RedirectPeer::known(options.redirect_peer, found);
        let flows = budget.engine / 2 / FLOW_BYTES;
        Ok(Self {
            capture,
            limits: EngineLimits {
                max_flows: u32::try_from(flows).unwrap_or(u32::MAX),
                reassembly_memory: budget.engine / 2,
            },
            interfaces: interfaces::read()?,
            reader: interfaces::Reader::default(),
            desired: desired(&snapshot),
            account: saved
                .as_ref()
                .map(|s| s.account.clone())
                .unwrap_or_default(),
            slots: Slots::starting_at(Slot::new_checked(1).unwrap_or(Slot::MAX)),
            options,
            source,
            snapshots,
            alerts,
            published,
            snapshot,
            outcome: Outcome::default(),
            failed: BTreeMap::new(),
            own_cgroup: interfaces::own_cgroup(),
            redirect,
            missing_since: None,
            worker: None,
            session: None,
            rules: None,
            rules_error: None,
            rules_watch: None,
            problem: None,
            // Bypasses that an earlier run left in the kernel are of other epochs.
            epoch: u32::try_from(random_u64() >> 33).unwrap_or(0),
            backoff: Backoff::default(),
            start_at: None,
            closing: false,
            resolve_at: None,
            reload: false,
            died_at: None,
            deaths: 0,
            last_end: None,
            saved,
            received: 0,
            alerts_for: BTreeMap::new(),
            bypasses: 0,
            leftovers: true,
        })
    }

    async fn run(&mut self, events: &mut Events) {
        loop {
            if self.leftovers && self.source.authoritative() {
                self.leftovers = false;
                self.remove_leftovers().await;
            }
            let wake = self.wake();
            tokio::select! {
                biased;
                _ = events.terminate.recv() => return,
                _ = events.interrupt.recv() => return,
                _ = events.look.tick() => self.look(),
                _ = events.tick.tick() => self.tick(),
                more = self.source.changed() => {
                    if !more {
                        return;
                    }
                    self.snapshot_changed();
                }
                () = self.alerts.next() => self.alerts.settle(Instant::now()),
                () = links_changed(&events.links) => self.resolve_soon(),
                event = worker_event(&mut self.worker) => match event {
                    WorkerEvent::Speaks => self.listen(),
                    WorkerEvent::Ended(end) => self.worker_ended(end),
                },
                _ = events.hang_up.recv() => {
                    self.reload = true;
                    self.tell_worker();
                }
                () = at(wake) => self.woken(),
            }
            if std::mem::take(&mut self.closing) {
                self.close().await;
                // Manifests may have changed meanwhile.
                self.drive();
            }
        }
    }

    /// The next moment that something was put off to.
    fn wake(&self) -> Option<Instant> {
        [self.start_at, self.resolve_at].into_iter().flatten().min()
    }

    fn woken(&mut self) {
        let now = Instant::now();
        if self.resolve_at.is_some_and(|at| at <= now) {
            self.resolve_at = None;
            self.read_interfaces();
            self.resolve();
        }
        if self.start_at.is_some_and(|at| at <= now) {
            self.start_at = None;
            self.drive();
        }
    }

    fn resolve_soon(&mut self) {
        self.resolve_at.get_or_insert(Instant::now() + SETTLE);
    }

    fn snapshot_changed(&mut self) {
        let snapshot = self.source.snapshot();
        if !Arc::ptr_eq(&snapshot, &self.snapshot) {
            self.missing_since = None;
            self.snapshots.send_replace(Arc::clone(&snapshot));
            self.snapshot = snapshot;
            self.desired = desired(&self.snapshot);
            let there = self.snapshot.inspections();
            self.alerts_for
                .retain(|name, _| there.binary_search_by(|i| i.name.cmp(name)).is_ok());
        }
        self.read_interfaces();
        self.resolve();
    }

    fn read_interfaces(&mut self) {
        let pods = self.desired.endpoints.iter().map(|e| e.pod.as_ref());
        match self.reader.read(pods) {
            Ok(interfaces) => self.interfaces = interfaces,
            Err(error) => tracing::warn!(%error, "the node's interfaces cannot be read"),
        }
    }

    /// Finds where each endpoint's packets pass, and brings that about.
    fn resolve(&mut self) {
        let now = monotonic();
        let endpoints = self.endpoints();
        self.adopt_slots(&endpoints);
        let there: HashSet<&PodUid> = endpoints.iter().map(|e| &e.pod.uid).collect();
        let gone = self.slots.pods().filter(|uid| !there.contains(uid));
        let gone: Vec<PodUid> = gone.cloned().collect();
        for uid in &gone {
            self.slots.release(uid, now);
        }
        let mut placed = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            match self.slots.assign(&endpoint, now) {
                Ok(slot) => placed.push((endpoint, slot)),
                Err(error) => self.problem = Some(error.to_string()),
            }
        }
        let outcome = self.plan(&placed);
        for (uid, found) in &outcome.found {
            if let Err(error) = found
                && *error != NotFound::Starting
                && self.outcome.found.get(uid) != Some(found)
            {
                tracing::warn!("pod {uid} is not inspected: {error}");
            }
        }
        self.outcome = outcome;
        self.look_again();
        self.drive();
    }

    fn plan(&self, placed: &[(Arc<Endpoint>, Slot)]) -> Outcome {
        let circumstances = Circumstances {
            own: self.own_cgroup,
            redirect: Some(&self.redirect),
        };
        plan(placed, &self.interfaces, circumstances, look_up)
    }

    /// No notice comes of a pod's first process. So that its first packets are not missed,
    /// it is looked for: often at first, and more and more rarely.
    fn look_again(&mut self) {
        let mut found = self.outcome.found.values();
        if !found.any(|found| found.as_ref().is_err_and(NotFound::may_pass)) {
            self.missing_since = None;
            return;
        }
        let now = Instant::now();
        let waited = now - *self.missing_since.get_or_insert(now);
        let next = now + (waited / 8).clamp(SOONEST, LATEST);
        self.resolve_at = Some(self.resolve_at.map_or(next, |at| at.min(next)));
    }

    fn endpoints(&self) -> Vec<Arc<Endpoint>> {
        let each = self.desired.endpoints.iter();
        each.cloned().map(Arc::new).collect()
    }

    /// Slots that the kernel holds from an earlier run stay with the pods behind the
    /// same interfaces, so that packets on their way keep their names.
    fn adopt_slots(&mut self, endpoints: &[Arc<Endpoint>]) {
        let Some(session) = &self.session else { return };
        for endpoint in endpoints {
            if let Ok(Location::Interfaces(nics)) = self.interfaces.locate(&endpoint.pod)
                && let Some(held) = nics
                    .iter()
                    .find_map(|nic| session.plan.interfaces.get(&nic.ifindex))
                && let Some(slot) = Slot::new_checked(held.slot)
            {
                self.slots.adopt(endpoint, slot);
            }
        }
    }

    /// The next step towards what is desired.
    fn drive(&mut self) {
        if self.desired.endpoints.is_empty() {
            self.start_at = None;
            let there = self.worker.is_some() || self.session.is_some();
            self.closing = there && self.source.authoritative();
        } else if self.worker.is_none() {
            if self.start_at.is_none() {
                self.start_worker();
            }
        } else {
            self.reconcile();
        }
        self.publish_now();
    }

    fn reconcile(&mut self) {
        let ready = self.worker.as_ref().is_some_and(|worker| worker.running);
        let Some(session) = self.session.as_mut().filter(|_| ready) else {
            return;
        };
        if self
            .interfaces
            .name(session.rings.sink().ifindex())
            .is_none()
        {
            // Perhaps the table is older than the sink; a sink that is gone shows again.
            self.resolve_at.get_or_insert(Instant::now() + LOOK);
        }
        // A pod that goes is not inspected any more before another is.
        let keep = !self.source.authoritative();
        let failed = session.reconcile(&self.outcome.plan, &self.interfaces, keep);
        self.failed.clear();
        for (step, error) in failed {
            let message = error_line(&error);
            tracing::warn!(?step, "{message}");
            if let Step::Attach(ifindex, _) = step {
                self.failed.insert(ifindex, message);
            }
            // An interface that vanished meanwhile is gone from the next table.
            self.resolve_at.get_or_insert(Instant::now() + TICK);
        }
        self.follow_ports();
        let slots: Vec<u32> = self.slots.known().take(ToWorker::MAX_SLOTS).collect();
        if let Some(worker) = &mut self.worker {
            // One policy exists, so that a table that is late harms nothing.
            if let Err(error) = worker.send(&ToWorker::Slots { slots }, &[]) {
                worker.condemn(&error.to_string());
            }
        }
    }
}

fn look_up(path: &CgroupPath) -> Result<CgroupId, NotFound> {
    interfaces::cgroup_id(path).map_err(|error| NotFound::Cgroup {
        path: path.to_string(),
        message: error.to_string(),
    })
}

/// `CLOCK_MONOTONIC`.
fn monotonic() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}

/// Unpredictable enough for hash seeds: std seeds its own hash maps so.
fn random_u64() -> u64 {
    RandomState::new().build_hasher().finish()
}
