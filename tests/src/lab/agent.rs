//! The agent on a lab's node.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{self, Child, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    node::{Lab, agent_path},
    observed::{Alert, Status},
    wait_for,
};

const BPFFS: &str = "/sys/fs/bpf";

/// How an agent is started.
#[derive(Clone, Debug, Default)]
pub struct AgentOptions {
    /// Further arguments of `dpi-agent node`.
    pub arguments: Vec<String>,
    /// What runs it, such as `setpriv` and its arguments.
    pub prefix: Vec<String>,
    /// Where alerts go, if not to the lab's own file.
    pub output: Option<PathBuf>,
    /// Where programs are pinned, if not in a directory of their own.
    pub pins: Option<PathBuf>,
}

/// An agent on a lab's node. It is ended on drop, and so are its pins.
#[derive(Debug)]
pub struct Agent {
    child: Option<Child>,
    options: AgentOptions,
    pins: PathBuf,
    status: PathBuf,
    alerts: PathBuf,
    log: PathBuf,
}

impl Agent {
    /// Starts one and waits for its first status.
    pub fn start(lab: &Lab, options: &AgentOptions) -> Result<Agent> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let pins = || PathBuf::from(BPFFS).join(format!("dpi-lab-{}-{count}", process::id()));
        let alerts = || lab.path("alerts.json");
        let mut agent = Agent {
            child: None,
            options: options.clone(),
            pins: options.pins.clone().unwrap_or_else(pins),
            status: lab.path("status.json"),
            alerts: options.output.clone().unwrap_or_else(alerts),
            log: lab.path("agent.log"),
        };
        agent.start_again(lab)?;
        Ok(agent)
    }

    /// Starts it after its end, with the same directories.
    pub fn start_again(&mut self, lab: &Lab) -> Result<()> {
        let program = agent_path().context("DPI_AGENT names no dpi-agent binary")?;
        let _ = fs::remove_file(&self.status);
        let log = File::options().create(true).append(true).open(&self.log)?;
        let program = program.to_string_lossy().into_owned();
        let mut line = self.options.prefix.iter().chain([&program]);
        let first = line.next().unwrap_or(&program);
        let mut command = lab.node.command(first);
        command.args(line).arg("node");
        command.arg("--manifests").arg(lab.path("manifests"));
        command.arg("--rules").arg(&lab.rules);
        command.arg("--state-dir").arg(lab.path("state"));
        command.arg("--pin-dir").arg(&self.pins);
        command.arg("--status").arg(&self.status);
        command.arg("--output").arg(&self.alerts);
        command.args(&self.options.arguments);
        let child = command.stdin(Stdio::null()).stderr(log).spawn()?;
        self.child = Some(child);
        let begun = wait_for("the agent's status", Duration::from_secs(20), || {
            if let Some(end) = self.ended()? {
                bail!("the agent ended: {end}");
            }
            Ok(self.status.exists())
        });
        begun.map(drop).with_context(|| self.log())
    }

    /// Its process id. The program replaces the one that entered the namespace.
    pub fn pid(&self) -> Result<u32> {
        Ok(self.child.as_ref().context("no agent runs")?.id())
    }

    /// What it says of itself.
    pub fn status(&self) -> Result<Status> {
        Status::read(&self.status)
    }

    /// Every alert so far.
    pub fn alerts(&self) -> Result<Vec<Alert>> {
        let text = match fs::read_to_string(&self.alerts) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error.into()),
        };
        // A line that is being written is not there yet.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(Alert::read).collect()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until a status says so.
    pub fn wait_status(
        &self,
        what: &str,
        limit: Duration,
        ready: impl Fn(&Status) -> bool,
    ) -> Result<Status> {
        let mut found = None;
        let outcome = wait_for(what, limit, || {
            found = Some(self.status()?);
            Ok(found.as_ref().is_some_and(&ready))
        });
        outcome.with_context(|| {
            let status = found.as_ref().map(|s| s.json.to_string());
            format!("{}\n{}", status.unwrap_or_default(), self.log())
        })?;
        found.context("no status")
    }

    /// Waits until all packets sent before now are accounted for, and their alerts written.
    pub fn settle(&self) -> Result<Status> {
        // A block that is not full is read after 10 ms; a status that was written later
        // than that counts its packets.
        let since = SystemTime::now() + Duration::from_millis(100);
        self.wait_status("quiescence", Duration::from_secs(10), |status| {
            let alerts = |name: &str| status.number(&format!("/alerts/{name}"));
            status.written > since
                && status.under_way() == 0
                && alerts("found") <= alerts("received") + alerts("dropped_alert_queue")
                && alerts("received") == alerts("written") + alerts("dropped_output")
        })
    }

    /// Whether anything is pinned.
    pub fn pins(&self) -> usize {
        fs::read_dir(&self.pins).map_or(0, Iterator::count)
    }

    /// Sends a signal to it.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        send(self.pid()?, signal)
    }

    /// Kills it as the kernel would, and waits for its end.
    pub fn kill(&mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        if let Some(mut child) = self.child.take() {
            child.wait()?;
        }
        Ok(())
    }

    /// Asks for its end and waits for it.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        wait_for("the agent's end", Duration::from_secs(15), || {
            Ok(self.ended()?.is_some())
        })?;
        let mut child = self.child.take().context("no agent runs")?;
        Ok(child.wait()?)
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        match &mut self.child {
            Some(child) => Ok(child.try_wait()?),
            None => Ok(None),
        }
    }
}

/// Sends a signal to a process.
pub(super) fn send(pid: u32, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(i32::try_from(pid)?).context("process 0")?;
    Ok(kill_process(pid, signal)?)
}

impl Agent {
    /// Sends a signal to its worker.
    pub fn signal_worker(&self, signal: Signal) -> Result<()> {
        send(self.status()?.worker().context("no worker runs")?, signal)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if self.child.is_some() && self.terminate().is_err() {
            let _ = self.kill();
        }
        let _ = fs::remove_dir_all(&self.pins);
    }
}
