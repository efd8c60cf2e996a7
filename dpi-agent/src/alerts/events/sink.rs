//! The sink before the writer.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use dpi_api::alert::AlertRecord;
use kube::Client;
use tokio::sync::{mpsc, watch};

use super::{
    note::{Notice, PeerDetail, notices},
    writer::Writer,
};
use crate::{alerts::Sink, snapshot::Snapshot};

/// Notices that may wait for the writer, which takes them at once unless it waits for an
/// answer.
const QUEUE: usize = 1024;

/// Alerts become Events.
#[derive(Debug)]
pub struct EventSink {
    queue: mpsc::Sender<Notice>,
    peer: PeerDetail,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    counts: Arc<SharedCounts>,
    full: u64,
}

/// What the writer counts, as others see it.
#[derive(Debug, Default)]
pub(super) struct SharedCounts {
    pub(super) created: AtomicU64,
    pub(super) repeated: AtomicU64,
    pub(super) told: AtomicU64,
    pub(super) suppressed: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) failed_requests: AtomicU64,
    pub(super) pending: AtomicU64,
}

impl EventSink {
    /// Writes by this client; `snapshots` knows the inspections' UIDs.
    pub fn start(
        client: Client,
        peer: PeerDetail,
        snapshots: watch::Receiver<Arc<Snapshot>>,
    ) -> Self {
        let (queue, notices) = mpsc::channel(QUEUE);
        let counts = Arc::new(SharedCounts::default());
        let writer = Writer::new(client, Arc::clone(&counts));
        tokio::spawn(writer.run(notices));
        Self {
            queue,
            peer,
            snapshots,
            counts,
            full: 0,
        }
    }
}

impl Sink for EventSink {
    fn name(&self) -> &'static str {
        "events"
    }

    fn write(&mut self, record: &AlertRecord) {
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let notices = notices(record, self.peer, |inspection| {
            let known = snapshot.inspections();
            let index = known.binary_search_by(|i| i.name.cmp(inspection)).ok()?;
            known.get(index)?.uid.clone()
        });
        for notice in notices {
            if self.queue.try_send(notice).is_err() {
                self.full += 1;
            }
        }
    }

    fn written(&self) -> u64 {
        self.counts.told.load(Relaxed)
    }

    fn dropped(&self) -> u64 {
        self.full + self.counts.refused.load(Relaxed)
    }

    fn counters(&self) -> BTreeMap<&'static str, u64> {
        let counts = &self.counts;
        BTreeMap::from([
            ("created", counts.created.load(Relaxed)),
            ("repeated", counts.repeated.load(Relaxed)),
            ("suppressed", counts.suppressed.load(Relaxed)),
            ("pending", counts.pending.load(Relaxed)),
            ("failed_requests", counts.failed_requests.load(Relaxed)),
        ])
    }
}
