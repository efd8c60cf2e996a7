//! The way back to nothing: detach, read what is there, end the worker, remove the pins.

use std::time::{Duration, Instant};

use dpi_api::messages::ToWorker;

use super::{
    super::{account::Account, state::State as Saved, worker_process::WorkerEvent},
    FAREWELL, Supervisor, worker_event,
};
use crate::{desired::Desired, error_line::error_line};

/// Longest wait for packets that are still in the rings.
const DRAIN: Duration = Duration::from_secs(1);
/// More than the time after which the kernel gives a part-filled block to its reader.
const PAUSE: Duration = Duration::from_millis(15);

impl Supervisor {
    /// Pins that an earlier run left are removed if nothing is selected now.
    pub(super) async fn remove_leftovers(&mut self) {
        let pins = std::fs::read_dir(&self.options.pin_dir);
        let any = pins.is_ok_and(|mut entries| entries.next().is_some());
        if any && self.desired.endpoints.is_empty() && self.open_session() {
            tracing::info!("programs of an earlier run are removed: nothing is selected");
            self.close().await;
        }
    }

    /// Nothing is selected any more: nothing may be left.
    pub(super) async fn close(&mut self) {
        if let Some(session) = &mut self.session {
            session.quiesce();
        }
        self.drain().await;
        self.end_worker().await;
        self.fold();
        self.rules = None;
        self.rules_error = None;
        self.rules_watch = None;
        self.failed.clear();
        self.died_at = None;
        self.start_at = None;
        self.save();
        tracing::info!("programs, rings and worker are gone");
    }

    /// Leaves the kernel as it was found.
    pub(super) async fn shut_down(&mut self) {
        self.desired = Desired::default();
        if self.worker.is_some() || self.session.is_some() {
            self.close().await;
        } else {
            self.save();
        }
    }

    /// Waits until the worker has read what is in the rings.
    async fn drain(&mut self) {
        let until = Instant::now() + DRAIN;
        let mut empty = 0;
        while empty < 3 && Instant::now() < until {
            self.listen();
            let alive = self.worker.as_ref().is_some_and(|worker| worker.running);
            let Some(session) = self.session.as_mut().filter(|_| alive) else {
                return;
            };
            if let Err(error) = session.rings.update() {
                tracing::warn!(%error, "the rings' figures cannot be read");
                return;
            }
            empty = if session.rings.waiting() == 0 {
                empty + 1
            } else {
                0
            };
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Lets the worker finish, and hears it out; kills it if it takes too long.
    async fn end_worker(&mut self) {
        let Some(worker) = &mut self.worker else {
            return;
        };
        if let Err(error) = worker.send(&ToWorker::Shutdown, &[]) {
            tracing::warn!(%error, "the worker is killed");
            worker.kill();
        }
        let until = tokio::time::Instant::now() + FAREWELL;
        loop {
            tokio::select! {
                biased;
                event = worker_event(&mut self.worker) => match event {
                    WorkerEvent::Speaks => self.listen(),
                    WorkerEvent::Ended(_) => break,
                },
                () = tokio::time::sleep_until(until) => {
                    tracing::warn!("the worker does not finish and is killed");
                    break;
                }
            }
        }
        self.listen();
        self.alerts.flush();
        // Dropping it kills it.
        self.worker = None;
    }

    /// Ends the session; what it counted goes to the account.
    fn fold(&mut self) {
        let Some(mut session) = self.session.take() else {
            return;
        };
        if let Err(error) = session.rings.update() {
            tracing::warn!(%error, "the rings' last figures cannot be read");
        }
        session.rings.close();
        match session.account(&self.account) {
            Ok(account) => self.account = account,
            Err(error) => tracing::warn!(%error, "the programs' last figures cannot be read"),
        }
        if let Err(error) = session.close() {
            tracing::error!("{}", error_line(&error));
        }
    }

    pub(super) fn save(&self) {
        let account = self.accounted();
        let programs = self.session.as_ref().and_then(|s| s.counters().ok());
        let saved = match (&programs, &self.saved) {
            // Programs of an earlier run that have not been adopted yet.
            (None, Some(saved)) => saved.clone(),
            _ => Saved::new(account, programs.as_ref()),
        };
        let saved = saved.with_redirect_peer(self.redirect.found());
        if let Err(error) = saved.write(&self.options.state_dir) {
            tracing::warn!(%error, "the account cannot be saved in the state directory");
        }
    }

    pub(super) fn accounted(&self) -> Account {
        match self.session.as_ref().map(|s| s.account(&self.account)) {
            Some(Ok(account)) => account,
            _ => self.account.clone(),
        }
    }
}
