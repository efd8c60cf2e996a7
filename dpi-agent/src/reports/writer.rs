//! The task that applies the report.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dpi_api::node_inspection::{Agent, NodeInspection, NodeInspectionStatus};
use k8s_openapi::{api::core::v1::Node, jiff::Timestamp};
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use super::{
    compose::{Context, compose, difference},
    pace::Pace,
};
use crate::{
    apiserver::{Backoff, REQUEST_TIMEOUT, Trouble, retry_after},
    node::{State, Status},
};

/// A report is written at least so often; the status controller takes a node that is
/// silent for three times as long for dead.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(5 * 60);
const MANAGER: &str = "dpi-agent";
const WHAT: &str = "nodeinspections.dpi-agent.dev";

/// Applies the report of `node` whenever it is worth it, until the status says that the
/// agent has stopped.
pub async fn run(client: Client, node: String, mut statuses: watch::Receiver<Arc<Status>>) {
    let mut reporter = Reporter::new(client, node);
    loop {
        let status = Arc::clone(&statuses.borrow_and_update());
        let stopped = status.state == State::Stopped;
        let wait = reporter.consider(&status).await;
        if stopped {
            return;
        }
        let sleep = tokio::time::sleep(reporter.until(wait));
        tokio::select! {
            changed = statuses.changed() => {
                if changed.is_err() {
                    return;
                }
                // What changes in between is one write.
                reporter.rest().await;
            }
            () = sleep => {}
        }
    }
}

/// What the reporter does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// A write is due so long after the start.
    Due(Duration),
    /// The last one failed.
    Retry,
}

struct Reporter {
    nodes: Api<Node>,
    reports: Api<NodeInspection>,
    node: String,
    context: Context,
    pace: Pace,
    last: Option<NodeInspectionStatus>,
    backoff: Backoff,
    not_before: Duration,
    told: Option<Trouble>,
    /// The object is known to be there.
    made: bool,
    begun: Instant,
}

impl Reporter {
    fn new(client: Client, node: String) -> Self {
        let pod = std::env::var("POD_NAME").unwrap_or_else(|_| "dpi-agent".to_owned());
        let started = Timestamp::now().as_millisecond();
        let agent = Agent {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instance: format!("{pod}/{}/{started}", std::process::id()),
        };
        Self {
            nodes: Api::all(client.clone()),
            reports: Api::all(client),
            node,
            context: Context {
                agent,
                ..Context::default()
            },
            pace: Pace::with_heartbeat(HEARTBEAT),
            last: None,
            backoff: Backoff::USUAL,
            not_before: Duration::ZERO,
            told: None,
            made: false,
            begun: Instant::now(),
        }
    }

    /// Writes if a write is due.
    async fn consider(&mut self, status: &Status) -> Next {
        // Nothing is known yet: the status that the channel began with.
        if status.pid == 0 {
            return Next::Due(HEARTBEAT);
        }
        let now = self.begun.elapsed();
        if now < self.not_before {
            return Next::Retry;
        }
        let report = compose(status, &self.context, self.last.as_ref(), Timestamp::now());
        let difference = difference(&report, self.last.as_ref());
        let due = self.pace.due(difference).unwrap_or(HEARTBEAT);
        if due > now && status.state != State::Stopped {
            return Next::Due(due);
        }
        match timeout(REQUEST_TIMEOUT, self.write(status)).await {
            Ok(Ok(written)) => {
                self.last = Some(written);
                self.backoff.succeeded();
                self.told = None;
                self.pace.written(now);
                Next::Due(now + HEARTBEAT)
            }
            Ok(Err(error)) => self.failed(Trouble::of(&error, WHAT), retry_after(&error)),
            Err(_) => self.failed(Trouble::silence(WHAT, REQUEST_TIMEOUT), None),
        }
    }

    fn failed(&mut self, trouble: Trouble, asked: Option<Duration>) -> Next {
        if self.told.as_ref() != Some(&trouble) {
            tracing::warn!("the report of this node is not written: {trouble}");
            self.told = Some(trouble);
        }
        let wait = self.backoff.failed().max(asked.unwrap_or_default());
        self.not_before = self.begun.elapsed() + wait;
        self.made = false;
        Next::Retry
    }

    fn until(&self, next: Next) -> Duration {
        let at = match next {
            Next::Due(at) => at,
            Next::Retry => self.not_before,
        };
        at.saturating_sub(self.begun.elapsed())
    }

    /// A breath, so that a burst of changes is looked at once.
    async fn rest(&self) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    async fn write(&mut self, status: &Status) -> kube::Result<NodeInspectionStatus> {
        let there = self.reports.get_opt(&self.node).await?;
        let known = there.is_some();
        self.look_at(there.and_then(|report| report.status));
        let report = compose(status, &self.context, self.last.as_ref(), Timestamp::now());
        if !known || !self.made {
            self.apply().await?;
            self.made = true;
        }
        let patch = self.object(json!({}), Some(&report));
        let params = PatchParams::apply(MANAGER).force();
        self.reports
            .patch_status(&self.node, &params, &Patch::Apply(patch))
            .await?;
        Ok(report)
    }

    /// Makes the object, owned by the node, so that it goes when the node goes.
    async fn apply(&self) -> kube::Result<()> {
        let node = self.nodes.get_metadata(&self.node).await?;
        let metadata = json!({"ownerReferences": [{
            "apiVersion": "v1",
            "kind": "Node",
            "name": self.node,
            "uid": node.metadata.uid.unwrap_or_default(),
        }]});
        let patch = self.object(metadata, None);
        let params = PatchParams::apply(MANAGER).force();
        self.reports
            .patch(&self.node, &params, &Patch::Apply(patch))
            .await?;
        Ok(())
    }

    fn object(&self, mut metadata: Value, status: Option<&NodeInspectionStatus>) -> Value {
        metadata["name"] = self.node.clone().into();
        let mut object = json!({
            "apiVersion": "dpi-agent.dev/v1alpha1",
            "kind": "NodeInspection",
            "metadata": metadata,
        });
        match status {
            Some(status) => object["status"] = json!(status),
            None => object["spec"] = json!({}),
        }
        object
    }

    /// Takes over the counts of the agent before, and notices one beside.
    fn look_at(&mut self, there: Option<NodeInspectionStatus>) {
        let Some(there) = there else { return };
        let other = there.agent.instance != self.context.agent.instance;
        self.context.trouble = None;
        if other && self.last.is_none() {
            let counts = there.inspections.into_iter();
            self.context.earlier = counts.map(|i| (i.uid, i.alerts)).collect();
        } else if other {
            let text = format!(
                "another agent ({}) reports for this node too; there is one agent on a node: remove \
                 one of the two installations",
                there.agent.instance
            );
            tracing::error!("{text}");
            self.context.trouble = Some(text);
        }
    }
}
