//! The supervisor's talk with its worker: started, told, heard, and followed by the next.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dpi_api::messages::{RuleProblem, RulesReport, Start, ToSupervisor, ToWorker};
use dpi_common::Slot;

use super::{
    super::{
        session::{Session, SessionError},
        slots::Slots,
        worker_process::WorkerProcess,
    },
    BATCH, RETRY, Supervisor, monotonic, random_u64,
};
use crate::{
    alerts,
    error_line::error_line,
    kernel, ruleset,
    socket::{Received, Sent},
};

impl Supervisor {
    pub(super) fn start_worker(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        // Before the worker reads them: what changes later is seen.
        self.rules_watch = Some(ruleset::Watch::new(&self.options.rules));
        let start = ToWorker::Start(Start {
            rules: self.options.rules.clone(),
            dialect: self.options.dialect,
            epoch: self.epoch,
            hash_seed: random_u64(),
            limits: self.limits,
        });
        let started = WorkerProcess::start().map_err(anyhow::Error::from);
        let started = started.and_then(|mut worker| match worker.send(&start, &[])? {
            Sent::Yes => Ok(worker),
            Sent::Full => anyhow::bail!("its socket is full"),
        });
        match started {
            Ok(worker) => {
                tracing::info!(pid = worker.pid(), "worker started");
                self.worker = Some(worker);
                // While it compiles the rules: the kernel takes its time to verify
                // programs. Nothing is handed over before the worker reads its rings.
                if self.session.is_none() {
                    self.open_session();
                }
            }
            Err(error) => {
                self.set_problem(format!("the worker cannot be started: {error:#}"));
                self.start_at = Some(Instant::now() + RETRY);
            }
        }
    }

    /// Rules are compiled: rings and programs may follow.
    pub(super) fn rules_compiled(&mut self, report: RulesReport) {
        tell_rules(&report);
        self.epoch = self.epoch.max(report.epoch);
        self.rules_error = None;
        if self.session.is_none() && !self.open_session() {
            return;
        }
        let Some(session) = &mut self.session else {
            return;
        };
        if let Err(error) = session.set_rules(&report) {
            self.problem = Some(error_line(&error));
        }
        self.rules = Some(report);
        self.pass_rings();
    }

    pub(super) fn open_session(&mut self) -> bool {
        let options = kernel::Options {
            pin_dir: self.options.pin_dir.clone(),
            log_level: self.options.ebpf_log,
            ..kernel::Options::default()
        };
        let seen = self.saved.take().and_then(|saved| saved.programs());
        let opened = Session::open(&options, &self.capture, &mut self.account, seen.as_ref());
        match opened {
            Ok(session) => {
                tracing::info!(
                    sink = %session.rings.sink().kind(),
                    rings = session.rings.len(),
                    adopted = session.plan.interfaces.len(),
                    "programs and rings are ready"
                );
                self.problem = None;
                self.session = Some(session);
                // Slots are given out before the kernel's are known: begin anew.
                if self
                    .session
                    .as_ref()
                    .is_some_and(|s| !s.plan.interfaces.is_empty())
                {
                    self.slots = Slots::starting_at(Slot::new_checked(1).unwrap_or(Slot::MAX));
                    self.replan();
                }
                true
            }
            Err(error) => {
                self.cannot_inspect(&error);
                false
            }
        }
    }

    pub(super) fn set_problem(&mut self, problem: String) {
        tracing::error!("{problem}");
        self.problem = Some(problem);
    }

    /// Plans anew with the slots that the kernel holds.
    pub(super) fn replan(&mut self) {
        let now = monotonic();
        let endpoints = self.endpoints();
        self.adopt_slots(&endpoints);
        let placed: Vec<_> = endpoints
            .into_iter()
            .filter_map(|endpoint| {
                let slot = self.slots.assign(&endpoint, now).ok()?;
                Some((endpoint, slot))
            })
            .collect();
        self.outcome = self.plan(&placed);
    }

    pub(super) fn cannot_inspect(&mut self, error: &SessionError) {
        self.set_problem(error_line(error));
        // The worker waits for rings that do not come.
        if let Some(mut worker) = self.worker.take() {
            worker.kill();
        }
        self.start_at = Some(Instant::now() + RETRY);
        self.publish_now();
    }

    pub(super) fn pass_rings(&mut self) {
        let (Some(worker), Some(session)) = (&mut self.worker, &self.session) else {
            return;
        };
        if worker.running || worker.passed {
            return;
        }
        let count = u16::try_from(session.rings.len()).unwrap_or(u16::MAX);
        let rings = ToWorker::Rings { count };
        match worker.send(&rings, &session.rings.fds()) {
            Ok(Sent::Yes) => worker.passed = true,
            Ok(Sent::Full) => worker.condemn("its socket is full"),
            Err(error) => worker.condemn(&error.to_string()),
        }
    }

    /// The worker reads its rings: packets may come.
    pub(super) fn worker_runs(&mut self) {
        if let Some(worker) = &mut self.worker {
            worker.running = true;
        }
        self.died_at = None;
        if let Some(session) = &mut self.session
            && let Err(error) = session.renew_lease()
        {
            self.problem = Some(error_line(&error));
        }
        self.reconcile();
        self.tell_worker();
        self.publish_now();
    }

    /// Tells the worker what it has not been told yet.
    pub(super) fn tell_worker(&mut self) {
        let Some(worker) = self.worker.as_mut().filter(|w| w.running && self.reload) else {
            // A worker that starts reads the rules anyway.
            self.reload &= self.worker.is_some();
            return;
        };
        match worker.send(&ToWorker::ReloadRules, &[]) {
            Ok(Sent::Yes) => self.reload = false,
            Ok(Sent::Full) => {}
            Err(error) => worker.condemn(&error.to_string()),
        }
    }

    /// Has the rules read anew if their files have changed.
    pub(super) fn follow_rules(&mut self) {
        // One that does not run yet may have read the files before they changed: they are
        // looked at when it does.
        if !self.worker.as_ref().is_some_and(|worker| worker.running) {
            return;
        }
        let changed = self.rules_watch.as_mut().map(ruleset::Watch::changed);
        if changed == Some(true) {
            tracing::info!("rule files have changed and are read anew");
            self.reload = true;
            self.tell_worker();
        }
    }

    /// Takes what the worker has to say.
    pub(super) fn listen(&mut self) {
        for _ in 0..BATCH {
            let Some(worker) = &mut self.worker else {
                return;
            };
            match worker.receive() {
                Ok(Received::Message(message, fds)) => {
                    drop(fds);
                    self.hear(message);
                }
                Ok(Received::Nothing) => return,
                // Its end is told by `wait`.
                Ok(Received::Closed) => {
                    worker.closed = true;
                    return;
                }
                Err(error) => {
                    worker.condemn(&error.to_string());
                    return;
                }
            }
        }
    }

    pub(super) fn hear(&mut self, message: ToSupervisor) {
        match message {
            ToSupervisor::Hello { version } => {
                if version.as_str() != env!("CARGO_PKG_VERSION")
                    && let Some(worker) = &mut self.worker
                {
                    worker.condemn("it is of another version; restart the agent");
                }
            }
            ToSupervisor::RulesCompiled(report) => self.rules_compiled(report),
            ToSupervisor::RulesFailed { reason } => {
                tracing::error!("{reason}");
                self.rules_error = Some(reason.to_string());
            }
            ToSupervisor::Running => self.worker_runs(),
            ToSupervisor::Alert(alert) => {
                self.received += 1;
                let owner = self.slots.owner(alert.slot).map(Arc::as_ref);
                let node = self.options.node_name.as_deref();
                let record = alerts::record(&alert, owner, &self.snapshot, node);
                for inspection in &record.dpi {
                    *self.alerts_for.entry(inspection.clone()).or_default() += 1;
                }
                self.alerts.take(record, Instant::now());
            }
            ToSupervisor::Bypass(records) => {
                if let Some(session) = &mut self.session {
                    match session.bypass(&records) {
                        Ok(written) => self.bypasses += written as u64,
                        Err(error) => tracing::debug!(%error, "a bypass is not written"),
                    }
                }
            }
            ToSupervisor::Failed { reason } => tracing::error!("worker: {reason}"),
        }
    }

    pub(super) fn worker_ended(&mut self, end: String) {
        // What it sent before is still there.
        self.listen();
        let lived = self
            .worker
            .take()
            .map_or(Duration::ZERO, |w| w.started.elapsed());
        if let Some(session) = &mut self.session {
            session.rings.worker_died();
        }
        self.deaths += 1;
        self.died_at.get_or_insert(Instant::now());
        let wait = self.backoff.after(lived);
        tracing::error!(
            wait_ms = wait.as_millis(),
            "the worker ended: {end}; the next one takes its rings over"
        );
        self.last_end = Some(end);
        self.start_at = Some(Instant::now() + wait);
        self.publish_now();
    }
}

/// Says once what became of the rules; each that was refused has a line.
fn tell_rules(report: &RulesReport) {
    for problem in &report.problems {
        tracing::warn!("{}", describe(problem));
    }
    let untold = u64::from(report.failed).saturating_sub(report.problems.len() as u64);
    if untold > 0 {
        tracing::warn!("{untold} more rules are refused; `dpi-agent rules check` lists them all");
    }
    let RulesReport {
        epoch,
        files,
        loaded,
        inactive,
        failed,
        millis,
        ..
    } = report;
    tracing::info!(
        epoch,
        files,
        loaded,
        inactive,
        failed,
        millis,
        "rules compiled"
    );
    if *loaded == 0 {
        tracing::warn!(
            "no rule is loaded: nothing will be found; put *.rules files into the rules directory"
        );
    }
}

/// A refused rule in a line.
fn describe(problem: &RuleProblem) -> String {
    let RuleProblem {
        file, line, reason, ..
    } = problem;
    let sid = problem.sid.map(|sid| format!("sid {sid}: "));
    let option = problem.option.as_ref().map(|option| format!("{option}: "));
    let (sid, option) = (sid.unwrap_or_default(), option.unwrap_or_default());
    format!("{file}:{line}: {sid}{option}{reason}")
}
