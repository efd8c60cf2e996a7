//! Network namespaces and veths that are gone when the test is, also when it panics.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::Write as _,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
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
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Netns::labelled(&count.to_string())
    }

    /// The same with a label at the end of its name, for people.
    pub fn labelled(label: &str) -> Result<Netns> {
        remove_stale();
        let netns = Netns::add(label)?;
        netns.ip("link set lo up")?;
        netns.run(|| {
            for knob in ["all", "default"] {
                // Nor does a router exist that could be asked for.
                for setting in ["accept_dad", "router_solicitations"] {
                    let path = format!("/proc/sys/net/ipv6/conf/{knob}/{setting}");
                    let _ = fs::write(path, "0");
                }
            }
            Ok(())
        })?;
        Ok(netns)
    }

    /// Adds one. If a label is in use, the next of that label has a number behind it.
    fn add(label: &str) -> Result<Netns> {
        static ONE_AT_A_TIME: Mutex<u32> = Mutex::new(1);
        let mut count = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut name = format!("{PREFIX}{}-{label}", process::id());
        if Path::new(DIRECTORY).join(&name).exists() {
            *count += 1;
            name = format!("{name}-{count}");
        }
        run("ip", &["netns", "add", &name])?;
        Ok(Netns { name })
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

    /// `ip -n NAME -batch`: a line each.
    pub fn ip_batch(&self, lines: &str) -> Result<()> {
        let mut child = Command::new("ip")
            .args(["-n", &self.name, "-batch", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("running ip")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(lines.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!(
                "ip -batch: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(())
    }

    /// `COMMAND` in it, split at spaces; returns what it printed.
    pub fn exec(&self, command: &str) -> Result<String> {
        let mut all = vec!["netns", "exec", &self.name];
        all.extend(command.split_whitespace());
        output("ip", &all)
    }

    /// A command that runs in it with the machine's own `/sys`, which `ip netns exec` would
    /// replace, and the BPF file system with it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        let mut net = OsString::from("--net=");
        net.push(self.path());
        command.arg(net).arg("--").arg(program);
        command
    }

    /// Runs `f` on a thread in it.
    pub fn run<T: Send>(&self, f: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                enter(&self.path())?;
                f()
            });
            match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Runs `f` on a thread in it that goes on by itself.
    pub fn spawn<T: Send + 'static>(
        &self,
        f: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> JoinHandle<Result<T>> {
        let path = self.path();
        thread::spawn(move || {
            enter(&path)?;
            f()
        })
    }

    fn path(&self) -> PathBuf {
        Path::new(DIRECTORY).join(&self.name)
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

/// Moves the calling thread into a namespace.
fn enter(path: &Path) -> Result<()> {
    let entered = File::open(path).and_then(|file| {
        let network = Some(LinkNameSpaceType::Network);
        Ok(move_into_link_name_space(file.as_fd(), network)?)
    });
    entered.with_context(|| format!("entering {}", path.display()))
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

/// Runs a program; its error is in ours.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<()> {
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
