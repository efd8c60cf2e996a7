//! Agents in pods, seen from outside: their processes and their pins.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use super::{layout::NODES, running::Cluster};

const BPFFS: &str = "/sys/fs/bpf";
/// Where the `DaemonSet` keeps them, a directory a node.
const PINS: &str = "/sys/fs/bpf/dpi-agent";

/// The agents that the operator has installed.
#[derive(Debug)]
pub struct Agents {
    pins: PathBuf,
}

/// A process of theirs, as `/proc` tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentProcess {
    /// Its process id.
    pub pid: u32,
    /// Its effective capabilities.
    pub capabilities: u64,
    /// Whether no program that it executes gets more.
    pub no_new_privs: bool,
    /// 2: system calls are filtered.
    pub seccomp: u32,
    /// By so many filters.
    pub seccomp_filters: u32,
}

impl Cluster {
    /// The agents that are, or will be, on its nodes. A BPF file system is mounted where
    /// there is none, as systemd does it.
    pub fn agents(&self) -> Result<Agents> {
        let mounts = fs::read_to_string("/proc/self/mounts")?;
        if !mounts
            .lines()
            .any(|line| line.contains(&format!(" {BPFFS} bpf ")))
        {
            let mounted = Command::new("mount")
                .args(["-t", "bpf", "bpf", BPFFS])
                .status()?;
            ensure!(mounted.success(), "{BPFFS} cannot be mounted");
        }
        Ok(Agents { pins: PINS.into() })
    }
}

impl Agents {
    /// Processes in pods whose arguments begin so.
    pub fn processes(&self, arguments: &[&str]) -> Result<Vec<AgentProcess>> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(pid) = name.and_then(|name| name.parse().ok()) else {
                continue;
            };
            // It may end while it is looked at.
            if let Ok(true) = is_agent(&path, arguments)
                && let Ok(status) = fs::read_to_string(path.join("status"))
            {
                found.push(AgentProcess::read(pid, &status)?);
            }
        }
        Ok(found)
    }

    /// Links and maps that are pinned on any node.
    pub fn pins(&self) -> usize {
        let nodes = self.nodes();
        nodes.map(|node| count(&node)).sum()
    }

    /// Programs that a pinned link keeps attached, on any node.
    pub fn links(&self) -> usize {
        let versions = self.nodes().filter_map(|node| fs::read_dir(node).ok());
        let versions = versions.flatten().flatten();
        versions
            .map(|version| count(&version.path().join("links")))
            .sum()
    }

    fn nodes(&self) -> impl Iterator<Item = PathBuf> + '_ {
        NODES.iter().map(|node| self.pins.join(node))
    }
}

impl AgentProcess {
    fn read(pid: u32, status: &str) -> Result<Self> {
        let field = |name: &str| {
            let mut lines = status.lines();
            let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
            line.with_context(|| format!("/proc/{pid}/status has no {name}"))
        };
        Ok(Self {
            pid,
            capabilities: u64::from_str_radix(field("CapEff")?, 16)?,
            no_new_privs: field("NoNewPrivs")? == "1",
            seccomp: field("Seccomp")?.parse()?,
            seccomp_filters: field("Seccomp_filters")?.parse()?,
        })
    }
}

/// Whether a process runs the image's program in a pod. Its program's path is as its own
/// mount namespace has it.
fn is_agent(process: &Path, arguments: &[&str]) -> Result<bool> {
    let program = fs::read_link(process.join("exe"))?;
    let line = fs::read(process.join("cmdline"))?;
    let words = line.split(|byte| *byte == 0).skip(1);
    let begins = words
        .zip(arguments)
        .filter(|(word, argument)| *word == argument.as_bytes());
    Ok(program == Path::new("/usr/bin/dpi-agent") && begins.count() == arguments.len())
}

fn count(directory: &Path) -> usize {
    fs::read_dir(directory).map_or(0, Iterator::count)
}
