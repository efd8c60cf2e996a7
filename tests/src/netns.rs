//! Network namespaces and veths that are gone when the test is, also when it panics.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use anyhow::{Context as _, Result, bail};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Namespaces are `dpit-PID-N`, so that those of a killed process can be told and removed.
const PREFIX: &str = "dpit-";
const DIRECTORY: &str = "/run/netns";

/// A named network namespace, deleted on drop; its devices go with it.
#[derive(Debug)]
pub struct Netns {
    name: String,
}

impl Netns {
    /// Makes one, with its loopback up and IPv6 without the wait for duplicate addresses.
    pub fn new() -> Result<Netns> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        remove_stale();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{count}", process::id());
        run("ip", &["netns", "add", &name])?;
        let netns = Netns { name };
        netns.ip("link set lo up")?;
        netns.run(|| {
            for knob in ["all", "default"] {
                let path = format!("/proc/sys/net/ipv6/conf/{knob}/accept_dad");
                let _ = fs::write(path, "0");
            }
            Ok(())
        })?;
        Ok(netns)
    }

    /// Its name, as `ip netns` shows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `ip -n NAME ARGUMENTS`, split at spaces.
    pub fn ip(&self, arguments: &str) -> Result<()> {
        let mut all = vec!["-n", &self.name];
        all.extend(arguments.split_whitespace());
        run("ip", &all)
    }

    /// `COMMAND` in it, split at spaces; returns what it printed.
    pub fn exec(&self, command: &str) -> Result<String> {
        let mut all = vec!["netns", "exec", &self.name];
        all.extend(command.split_whitespace());
        output("ip", &all)
    }

    /// Runs `f` on a thread in it.
    pub fn run<T: Send>(&self, f: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let enter = || {
            let file = File::open(Path::new(DIRECTORY).join(&self.name))?;
            move_into_link_name_space(
                std::os::fd::AsFd::as_fd(&file),
                Some(LinkNameSpaceType::Network),
            )?;
            io::Result::Ok(())
        };
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                enter().with_context(|| format!("entering {}", self.name))?;
                f()
            });
            match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Index of one of its interfaces.
    pub fn ifindex(&self, interface: &str) -> Result<u32> {
        let shown = output(
            "ip",
            &["-n", &self.name, "-o", "link", "show", "dev", interface],
        )?;
        let index = shown.split(':').next().context("no index")?;
        Ok(index.trim().parse()?)
    }

    /// A veth pair from here (`name`) to `other` (`peer`), both up.
    pub fn veth(&self, name: &str, other: &Netns, peer: &str) -> Result<()> {
        self.ip(&format!(
            "link add {name} type veth peer name {peer} netns {}",
            other.name
        ))?;
        self.ip(&format!("link set {name} up"))?;
        other.ip(&format!("link set {peer} up"))
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        let _ = Command::new("ip")
            .args(["netns", "del", &self.name])
            .output();
    }
}

/// Removes namespaces of processes that were killed before they could.
fn remove_stale() {
    let Ok(entries) = fs::read_dir(DIRECTORY) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|n| n.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = Command::new("ip").args(["netns", "del", &name]).output();
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<()> {
    output(program, arguments).map(drop)
}

fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("running {program}"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{program} {}: {}", arguments.join(" "), stderr.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
