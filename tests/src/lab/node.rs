//! The node and its pods.

use std::{
    env, fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use aya::programs::{SchedClassifier, TcAttachType};
use tempfile::TempDir;

use super::{
    manifest::pod_manifest,
    pod::{Pod, Wire},
};
use crate::netns::Netns;

/// Path of the agent's binary.
const AGENT: &str = "DPI_AGENT";

/// Why there can be no lab here, with the remedy; `None` if there can.
pub fn unavailable() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("network namespaces need root: run with sudo -E".to_owned());
    }
    if agent_path().is_none() {
        return Some(format!(
            "{AGENT} names no dpi-agent binary: run by cargo xtask test"
        ));
    }
    dpi_agent::kernel::check().err().map(|e| e.to_string())
}

/// The agent under test.
pub(crate) fn agent_path() -> Option<PathBuf> {
    let path = PathBuf::from(env::var_os(AGENT)?);
    path.is_file().then_some(path)
}

/// A node, its pods, and the directories that an agent on it is given.
#[derive(Debug)]
pub struct Lab {
    /// The pods, in the order in which they were added.
    pub pods: Vec<Pod>,
    /// The node's namespace: routes, and one veth a pod.
    pub node: Netns,
    /// Directory of the agent's rules.
    pub(super) rules: PathBuf,
    directory: TempDir,
}

impl Lab {
    /// A node that forwards, without pods. `rules` are files and folders that an agent on
    /// it is to use: a folder alone as it is, several as copies in one, since a worker reads
    /// nothing that a link leads to.
    pub fn new(rules: &[&Path]) -> Result<Lab> {
        let directory = TempDir::with_prefix("dpi-lab-").context("a temporary directory")?;
        for folder in ["manifests", "rules", "state"] {
            fs::create_dir(directory.path().join(folder))?;
        }
        let rules = match rules {
            [folder] if folder.is_dir() => folder.to_path_buf(),
            several => {
                let rules = directory.path().join("rules");
                several.iter().try_for_each(|source| copy(source, &rules))?;
                rules
            }
        };
        let node = Netns::labelled("node")?;
        node.run(|| {
            fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;
            fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")?;
            fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")?;
            Ok(())
        })?;
        Ok(Lab {
            pods: Vec::new(),
            node,
            rules,
            directory,
        })
    }

    /// The lab of the demo: `red1` and `red2` with label `app: red`, `blue1` and `blue2`
    /// with `app: blue`, all in namespace `demo`.
    pub fn red_and_blue(rules: &[&Path]) -> Result<Lab> {
        let mut lab = Lab::new(rules)?;
        for (number, name) in (1..).zip(["red1", "red2", "blue1", "blue2"]) {
            let colour = name.trim_end_matches(char::is_numeric);
            lab.add_pod(name, Ipv4Addr::new(10, 77, 0, number), &[("app", colour)])?;
        }
        Ok(lab)
    }

    /// Wires a pod to the node and writes its manifest.
    pub fn add_pod(&mut self, name: &str, ip: Ipv4Addr, labels: &[(&str, &str)]) -> Result<()> {
        let wire = Wire::of(name);
        let pod = Pod::new(name, ip, &self.node, &wire)?;
        self.write_manifest(&format!("pod-{name}.yaml"), &pod_manifest(name, ip, labels))?;
        self.pods.push(pod);
        Ok(())
    }

    /// A pod by its name.
    ///
    /// # Panics
    /// If there is none.
    pub fn pod(&self, name: &str) -> &Pod {
        let found = self.pods.iter().find(|pod| pod.name == name);
        found.unwrap_or_else(|| panic!("pod {name} was never added"))
    }

    /// Puts a manifest into the watched directory, whole at once.
    pub fn write_manifest(&self, file: &str, text: &str) -> Result<()> {
        let folder = self.path("manifests");
        let draft = folder.join(format!(".{file}.draft"));
        fs::write(&draft, text)?;
        fs::rename(draft, folder.join(file))?;
        Ok(())
    }

    /// Takes a manifest away.
    pub fn remove_manifest(&self, file: &str) -> Result<()> {
        Ok(fs::remove_file(self.path("manifests").join(file))?)
    }

    /// Something in the lab's own directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// How many programs a host-side interface carries, ingress and egress together.
    pub fn programs(&self, interface: &str) -> Result<usize> {
        self.node.run(|| {
            let mut count = 0;
            for side in [TcAttachType::Ingress, TcAttachType::Egress] {
                count += match SchedClassifier::query_tcx(interface, side) {
                    Ok((_, programs)) => programs.len(),
                    // Before Linux 6.6 programs are filters below clsact.
                    Err(_) => filters(interface, side)?,
                };
            }
            Ok(count)
        })
    }

    /// How many programs the interfaces of all pods carry.
    pub fn all_programs(&self) -> Result<usize> {
        let each = self.pods.iter().map(|pod| self.programs(&pod.interface));
        each.sum()
    }
}

fn filters(interface: &str, side: TcAttachType) -> Result<usize> {
    let side = match side {
        TcAttachType::Ingress => "ingress",
        _ => "egress",
    };
    let output = std::process::Command::new("tc")
        .args(["filter", "show", "dev", interface, side])
        .output()
        .context("running tc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.matches(" bpf ").count())
}

/// Copies a file or a folder with what is in it into a folder.
fn copy(source: &Path, into: &Path) -> Result<()> {
    let name = source.file_name().context("rules without a name")?;
    let to = into.join(name);
    if !source.is_dir() {
        fs::copy(source, to).with_context(|| format!("rules {}", source.display()))?;
        return Ok(());
    }
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(source).with_context(|| format!("rules {}", source.display()))? {
        copy(&entry?.path(), &to)?;
    }
    Ok(())
}
