//! What the supervisor's loop waits for.

use std::time::Instant;

use tokio::{
    io::unix::AsyncFd,
    signal::unix::{Signal, SignalKind, signal},
    time::{Interval, MissedTickBehavior, interval, sleep_until},
};

use super::{
    super::worker_process::{WorkerEvent, WorkerProcess},
    LOOK, NodeError, TICK,
};
use crate::{interfaces::Changes, socket};

/// What the loop waits for besides worker and manifests.
pub(super) struct Events {
    pub(super) terminate: Signal,
    pub(super) interrupt: Signal,
    pub(super) hang_up: Signal,
    pub(super) links: AsyncFd<Changes>,
    pub(super) tick: Interval,
    pub(super) look: Interval,
}

impl Events {
    pub(super) fn new() -> Result<Self, NodeError> {
        let every = |period| {
            let mut interval = interval(period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            links: socket::asynchronous(Changes::subscribe()?)?,
            tick: every(TICK),
            look: every(LOOK),
        })
    }
}

/// What the worker does next; never without a worker.
pub(super) async fn worker_event(worker: &mut Option<WorkerProcess>) -> WorkerEvent {
    match worker {
        Some(worker) => worker.event().await,
        None => std::future::pending().await,
    }
}

pub(super) async fn links_changed(links: &AsyncFd<Changes>) {
    match links.readable().await {
        Ok(mut guard) => {
            if let Err(error) = links.get_ref().drain() {
                tracing::warn!(%error, "changes of interfaces cannot be followed");
            }
            guard.clear_ready();
        }
        // Without notices the tables are still read with each change of manifests.
        Err(_) => std::future::pending().await,
    }
}

pub(super) async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
