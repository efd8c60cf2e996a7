//! The task that writes Events.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use k8s_openapi::api::events::v1::Event;
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{sleep_until, timeout},
};

use super::{
    bucket::Bucket,
    ledger::{Ledger, Outcome, Write},
    note::{EventName, Notice},
    sink::SharedCounts,
};
use crate::apiserver::{Backoff, REQUEST_TIMEOUT, Trouble, retry_after};

/// Requests of the node: a burst, then five a second.
const REQUESTS: Bucket = Bucket::new(Duration::from_millis(200), 20);
/// How often what has had no news is forgotten.
const FORGET: Duration = Duration::from_secs(60);
/// What cannot be written now is tried again after times that double up to this.
const LONGEST: Duration = Duration::from_secs(60);
const WHAT: &str = "events.events.k8s.io";

pub(super) struct Writer {
    client: Client,
    ledger: Ledger,
    requests: Bucket,
    backoff: Backoff,
    /// Nothing is asked before.
    paused_until: Duration,
    told: Option<Trouble>,
    counts: Arc<SharedCounts>,
    begun: Instant,
}

impl Writer {
    pub(super) fn new(client: Client, counts: Arc<SharedCounts>) -> Self {
        Self {
            client,
            ledger: Ledger::default(),
            requests: REQUESTS,
            backoff: Backoff::new(Duration::from_secs(1), LONGEST),
            paused_until: Duration::ZERO,
            told: None,
            counts,
            begun: Instant::now(),
        }
    }

    /// Writes until the sink is gone and everything that was due is tried once.
    pub(super) async fn run(mut self, mut notices: mpsc::Receiver<Notice>) {
        let mut forget_at = FORGET;
        loop {
            let due = self.due();
            let wake = due.map_or(forget_at, |due| due.min(forget_at));
            let open = tokio::select! {
                biased;
                notice = notices.recv() => match notice {
                    Some(notice) => {
                        self.ledger.note(notice, self.begun.elapsed());
                        true
                    }
                    None => false,
                },
                () = sleep_until((self.begun + wake).into()) => true,
            };
            if !open {
                self.publish();
                return;
            }
            let now = self.begun.elapsed();
            if now >= forget_at {
                self.ledger.forget(now);
                forget_at = now + FORGET;
            }
            // New notices first: a burst of one alert is then one write.
            if notices.is_empty() && self.due().is_some_and(|due| due <= now) {
                self.write_one().await;
            }
            self.publish();
        }
    }

    /// When the next request may be made.
    fn due(&self) -> Option<Duration> {
        let due = self.ledger.due()?.max(self.paused_until);
        let now = self.begun.elapsed();
        let wait = self.requests.wait(now);
        Some(if wait.is_zero() {
            due
        } else {
            due.max(now + wait)
        })
    }

    async fn write_one(&mut self) {
        let now = self.begun.elapsed();
        let Some((name, write)) = self.ledger.next(now) else {
            return;
        };
        self.requests.take(now);
        let result = timeout(REQUEST_TIMEOUT, self.request(&name, &write)).await;
        let outcome = match result {
            Ok(Ok(outcome)) => {
                self.backoff.succeeded();
                self.told = None;
                outcome
            }
            Ok(Err(error)) => self.failed(&write, &error),
            Err(_) => {
                self.pause(Trouble::silence(WHAT, REQUEST_TIMEOUT), None);
                Outcome::Failed
            }
        };
        self.ledger.done(&name, outcome, self.begun.elapsed());
    }

    async fn request(&self, name: &EventName, write: &Write) -> kube::Result<Outcome> {
        let api: Api<Event> = Api::namespaced(self.client.clone(), &name.namespace);
        match write {
            Write::Create(event) => {
                api.create(&PostParams::default(), event).await?;
                Ok(Outcome::Written)
            }
            Write::Look => {
                let event = api.get(&name.name).await?;
                Ok(Outcome::Counts(event.series.map_or(1, |s| s.count)))
            }
            Write::Series { count, last } => {
                let last = k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime(*last);
                let series = json!({"series": {"count": count, "lastObservedTime": last}});
                api.patch(&name.name, &PatchParams::default(), &Patch::Merge(series))
                    .await?;
                Ok(Outcome::Written)
            }
        }
    }

    fn failed(&mut self, write: &Write, error: &kube::Error) -> Outcome {
        if let kube::Error::Api(status) = error {
            let ending = status.message.contains("being terminated");
            match status.code {
                409 if matches!(write, Write::Create(_)) => return Outcome::Exists,
                404 => return Outcome::Gone,
                403 if ending => return Outcome::Refused,
                400 | 413 | 422 => {
                    tracing::error!("an Event is refused and left out: {}", status.message);
                    return Outcome::Refused;
                }
                _ => {}
            }
        }
        self.pause(Trouble::of(error, WHAT), retry_after(error));
        Outcome::Failed
    }

    fn pause(&mut self, trouble: Trouble, asked: Option<Duration>) {
        self.counts.failed_requests.fetch_add(1, Relaxed);
        if self.told.as_ref() != Some(&trouble) {
            tracing::warn!("Events wait: {trouble}");
            self.told = Some(trouble);
        }
        let wait = asked.unwrap_or_default().max(self.backoff.failed());
        self.paused_until = self.begun.elapsed() + wait;
    }

    fn publish(&self) {
        let counts = &self.ledger.counts;
        self.counts.created.store(counts.created, Relaxed);
        self.counts.repeated.store(counts.repeated, Relaxed);
        self.counts.told.store(counts.told, Relaxed);
        self.counts.suppressed.store(counts.suppressed, Relaxed);
        self.counts.refused.store(counts.refused, Relaxed);
        self.counts.pending.store(self.ledger.pending(), Relaxed);
    }
}
