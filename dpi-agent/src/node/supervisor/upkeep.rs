//! What is done again and again: watchdog, lease, books, status.

use super::{GRACE, Supervisor, monotonic};
use crate::{error_line::error_line, log_level};

impl Supervisor {
    pub(super) fn look(&mut self) {
        self.tell_worker();
        if let Some(session) = &mut self.session {
            session.flush_log();
        }
        let stuck = self
            .session
            .as_ref()
            .is_some_and(|s| s.rings.stuck(monotonic()));
        if let Some(worker) = &mut self.worker {
            if stuck {
                worker.condemn("it was inside one packet for 2 s");
            }
            if let Some(reason) = worker.condemned.take() {
                tracing::error!("the worker is killed: {reason}");
                worker.kill();
            }
        }
    }

    pub(super) fn tick(&mut self) {
        let serving = self.worker.as_ref().is_some_and(|worker| worker.running)
            || self.died_at.is_some_and(|at| at.elapsed() < GRACE);
        if let Some(session) = &mut self.session {
            if serving && let Err(error) = session.renew_lease() {
                self.problem = Some(error_line(&error));
            }
            if let Err(error) = session.rings.update() {
                tracing::warn!(%error, "the rings' figures cannot be read");
            }
        }
        self.follow_rules();
        self.follow_ports();
        self.watch_network();
        log_level::follow(&self.options.state_dir);
        self.save();
        self.publish_now();
    }
}
