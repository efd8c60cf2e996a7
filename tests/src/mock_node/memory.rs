//! What the agent weighs: with nothing selected, with one pod inspected, and after it.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    model::{Change, address},
    stage::{NODE, Stage},
    writer::Writer,
};
use crate::lab::wait_for;

/// What was freed is given back, what was read is settled.
const CALM: Duration = Duration::from_secs(5);
const START: Duration = Duration::from_secs(120);

/// Memory of both processes at one moment, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weight {
    /// What the memory cgroup is charged with: own memory, kernel memory (maps, sockets), and
    /// pages of files that it was the first to read.
    pub charged: Option<u64>,
    /// Own memory of the processes.
    pub own: u64,
    /// Rings, which no cgroup is charged with.
    pub rings: u64,
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20);
        match self.charged {
            Some(charged) => write!(f, "{} charged, ", mib(charged))?,
            None => write!(f, "no memory cgroup can be made; ")?,
        }
        write!(f, "{} own, and {} of rings", mib(self.own), mib(self.rings))
    }
}

/// Weighs it with these rules: idle, with one pod inspected, idle again. `None`, with the
/// reason printed, where that is not possible.
pub fn memory(rules: &Path) -> Result<Option<[Weight; 3]>> {
    let cgroup = Cgroup::make();
    let procs = cgroup.as_ref().map(|cgroup| cgroup.0.join("cgroup.procs"));
    let Some(stage) = Stage::set_with(1, rules, procs.as_deref())? else {
        return Ok(None);
    };
    let weights = stage.within(|| play(&stage, cgroup.as_ref()));
    weights
        .map(Some)
        .map_err(|error| error.context(stage.agent_log()))
}

fn play(stage: &Stage, cgroup: Option<&Cgroup>) -> Result<[Weight; 3]> {
    let mut writer = Writer::new(&stage.kubeconfig())?;
    let state = |state: &str| {
        wait_for(&format!("state {state}"), START, || {
            Ok(stage.status()["state"] == state)
        })?;
        std::thread::sleep(CALM);
        weigh(stage, cgroup)
    };
    let idle = state("Idle")?;
    let named = |name: &str| json!({"namespace": "churn0", "name": name});
    writer.write(&Change::CreatePod(json!({
        "metadata": named("pod"),
        "spec": {"nodeName": NODE, "containers": [{"name": "main", "image": "none"}]},
        "status": {"phase": "Running", "podIP": address(0).to_string()},
    })))?;
    writer.write(&Change::CreateInspection(json!({
        "apiVersion": "projectcalico.org/v3",
        "kind": "DeepPacketInspection",
        "metadata": named("dpi"),
        "spec": {"selector": "all()"},
    })))?;
    let inspecting = state("Inspecting")?;
    writer.write(&Change::DeleteInspection {
        namespace: "churn0".to_owned(),
        name: "dpi".to_owned(),
    })?;
    Ok([idle, inspecting, state("Idle")?])
}

fn weigh(stage: &Stage, cgroup: Option<&Cgroup>) -> Result<Weight> {
    let mut weight = Weight {
        charged: cgroup.map(Cgroup::charged).transpose()?,
        ..Weight::default()
    };
    for pid in stage.processes() {
        weight.own += kib(pid, "RssAnon:")?;
    }
    // The supervisor maps them too: only the pages that it touched count there.
    let status = stage.status();
    let ring = status.pointer("/capture/ringBytes").and_then(Value::as_u64);
    let rings = status.pointer("/capture/rings").and_then(Value::as_u64);
    weight.rings = ring.unwrap_or(0) * rings.unwrap_or(0);
    Ok(weight)
}

/// A line of `/proc/PID/status` that counts kilobytes; 0 for a process that ended.
fn kib(pid: u32, name: &str) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let Some(line) = line else { return Ok(0) };
    let number = line.trim().trim_end_matches(" kB").parse::<u64>();
    Ok(number.with_context(|| name.to_owned())? << 10)
}

/// A memory cgroup for the agent; gone on drop, after the agent.
struct Cgroup(PathBuf);

impl Cgroup {
    fn make() -> Option<Cgroup> {
        let name = format!("dpi-memory-{}", std::process::id());
        let roots = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].map(Path::new);
        roots.into_iter().find_map(|root| {
            let cgroup = Cgroup(root.join(&name));
            fs::create_dir(&cgroup.0).ok()?;
            cgroup.charged().ok().map(|_| cgroup)
        })
    }

    fn charged(&self) -> Result<u64> {
        let names = ["memory.usage_in_bytes", "memory.current"];
        let mut texts = names
            .iter()
            .map(|name| fs::read_to_string(self.0.join(name)));
        let text = texts.find_map(Result::ok).context("no memory controller")?;
        Ok(text.trim().parse()?)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Charges of what has ended go with some delay.
        for _ in 0..50 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
