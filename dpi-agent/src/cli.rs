//! The command line: one subcommand a role.

use std::{
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
    process::ExitCode,
    thread::available_parallelism,
};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use dpi_capture::sink::Preference;

use crate::{
    alerts::{Format, events::PeerDetail},
    install, log_level,
    node::{self, Objects, Options, RedirectPeerMode},
    operator, pcap, ruleset, worker,
};

/// Packet threads that are taken without being asked for; more only pay on busy nodes.
const USUAL_WORKERS: u32 = 4;

/// Deep packet inspection of selected Kubernetes workloads.
///
/// Finds attacks in live traffic with Snort rules, prefiltered in the kernel. A workload's
/// packets are never dropped, changed or held.
#[derive(Debug, Parser)]
#[command(name = "dpi-agent", version, max_term_width = 100)]
pub struct Cli {
    /// What is logged to standard error: error, warn, info, debug, trace, or a filter by
    /// module such as `info,dpi_agent::node=debug`.
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        default_value = "info",
        env = "RUST_LOG"
    )]
    pub log: String,
    /// The role.
    #[command(subcommand)]
    pub command: Command,
}

/// The roles.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Inspect the selected workloads of this node until SIGTERM.
    ///
    /// Programs are attached only to the interfaces of selected pods; while nothing is
    /// selected there is no program, no ring, no worker and no compiled rule. SIGHUP reads
    /// the rules anew; flows go on under the new rules.
    Node(Box<Node>),
    /// Fold what the nodes report into the status of each inspection.
    ///
    /// Any number may run: one works at a time, by a lease.
    Operator(operator::Options),
    /// Print what a cluster needs: the CRDs, roles and the admission policy, as YAML for
    /// `kubectl apply -f -`.
    Manifests(install::Options),
    /// Change what a running `node` logs: `dpi-agent log debug`.
    ///
    /// The level holds until it is changed again or the agent restarts.
    Log(log_level::Options),
    /// Inspect capture files with the same engine, and print the alerts.
    ///
    /// Every file starts with fresh state. Exit status: 0 also with alerts, 2 if a rule or
    /// a capture could not be read whole (everything else is still done).
    Pcap(pcap::Options),
    /// Look at rule files.
    #[command(subcommand)]
    Rules(Rules),
    /// The process that parses packets; started by `node`.
    #[command(hide = true)]
    Worker,
}

/// What can be done with rule files.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// Say which rules load, which are inactive, and what is wrong with the others.
    ///
    /// Exit status: 0 without errors, 2 with.
    Check(ruleset::check::Options),
    /// Print rules in canonical Snort 3 form, one a line, whichever dialect they are in.
    ///
    /// Exit status: 0 without errors, 2 if a rule could not be read; the others are printed.
    Format(ruleset::format::Options),
    /// Say how a rule is found and in which order its options are tried.
    Explain(ruleset::explain::Options),
    /// Print a rule for each built-in event; those that a rule file holds are looked for.
    Builtin,
}

impl Cli {
    /// Plays the role.
    pub fn run(self) -> Result<ExitCode> {
        let whole = match self.command {
            Command::Node(options) => {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .context("no runtime")?;
                runtime.block_on(node::run((*options).into()))?;
                true
            }
            Command::Operator(options) => {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .context("no runtime")?;
                runtime.block_on(operator::run(options))?;
                true
            }
            Command::Manifests(options) => {
                install::run(&options)?;
                true
            }
            Command::Log(options) => {
                log_level::write(&options)?;
                true
            }
            Command::Worker => {
                worker::run()?;
                true
            }
            Command::Pcap(options) => pcap::run(&options)?,
            Command::Rules(Rules::Check(options)) => ruleset::check::run(&options)?,
            Command::Rules(Rules::Format(options)) => ruleset::format::run(&options)?,
            Command::Rules(Rules::Builtin) => {
                ruleset::builtin::run()?;
                true
            }
            Command::Rules(Rules::Explain(options)) => {
                ruleset::explain::run(&options)?;
                true
            }
        };
        Ok(if whole {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(2)
        })
    }
}

/// Options of `node`.
#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "it is printed as help")]
pub struct Node {
    /// Directory of YAML manifests: DeepPacketInspection, Pod, Namespace and ServiceAccount.
    /// Changes take effect within a second. Without it the objects come from the API server.
    #[arg(long, value_name = "DIR", conflicts_with = "kubeconfig")]
    pub manifests: Option<PathBuf>,
    /// How the API server is reached; without it by the service account of the agent's pod.
    #[arg(long, value_name = "FILE", env = "KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,
    /// What Kubernetes Events say of the other end of an alert: none, address (and the name
    /// of a pod of the same namespace) or name. Whoever may read the Events of the
    /// inspected pod's namespace reads it.
    #[arg(long, value_enum, value_name = "DETAIL", default_value_t)]
    pub event_peers: PeerDetail,
    /// Write no Kubernetes Events.
    #[arg(long)]
    pub no_events: bool,
    /// Directory of Snort rules: every *.rules below it.
    #[arg(long, value_name = "DIR", default_value = "/usr/etc/snort/rules")]
    pub rules: PathBuf,
    /// How rule texts are read.
    #[arg(long, value_enum, default_value_t)]
    pub dialect: ruleset::Dialect,
    /// File that alerts are appended to; - is standard output.
    #[arg(long, value_name = "FILE|-", default_value = "-")]
    pub output: PathBuf,
    /// How alerts are written: json (EVE names, one object a line), fast (Snort's
    /// alert_fast) or table (for a terminal).
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Name of this node: pods bound to another one are not inspected here. Without it
    /// every pod of the manifests counts as this node's; with an API server it must be given.
    #[arg(long, value_name = "NAME", env = "NODE_NAME")]
    pub node_name: Option<String>,
    /// Directory on a BPF file system that keeps programs and maps over restarts.
    #[arg(long, value_name = "DIR", default_value = "/sys/fs/bpf/dpi-agent")]
    pub pin_dir: PathBuf,
    /// Directory for what must outlive the process; a tmpfs will do.
    #[arg(long, value_name = "DIR", default_value = "/run/dpi-agent")]
    pub state_dir: PathBuf,
    /// Packet threads, each with a ring and an engine of its own [default: the processors
    /// there are, at most 4].
    #[arg(long, value_name = "N")]
    pub workers: Option<NonZeroU32>,
    /// Memory of each ring in MiB [default: by the memory limit of the cgroup, 4 to 64].
    #[arg(long, value_name = "MIB")]
    pub ring_memory: Option<NonZeroU32>,
    /// Device that packets are cloned to: auto, dummy, tap or veth.
    #[arg(long, value_name = "KIND", default_value = "auto")]
    pub sink: Preference,
    /// Name of that device.
    #[arg(long, value_name = "NAME", default_value = dpi_capture::Sink::NAME)]
    pub sink_name: String,
    /// Serve /metrics, /healthz and /readyz here, for example 127.0.0.1:9097.
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics: Option<SocketAddr>,
    /// Write the status here as JSON, each second [default: status.json in the state
    /// directory].
    #[arg(long, value_name = "FILE")]
    pub status: Option<PathBuf>,
    /// Level of the eBPF programs' log: 0 (off) to 5. Only rare events are logged.
    #[arg(long, value_name = "0-5", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=5))]
    pub ebpf_log: u8,
    /// Whether the network plugin hands packets to pods past their interfaces
    /// (`bpf_redirect_peer`, as Cilium does); auto: by what the pods' connections show.
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    pub redirect_peer: RedirectPeerMode,
}

impl From<Node> for Options {
    fn from(node: Node) -> Self {
        let status = node
            .status
            .unwrap_or_else(|| node.state_dir.join("status.json"));
        Self {
            objects: match node.manifests {
                Some(path) => Objects::Manifests(path),
                None => Objects::Api {
                    kubeconfig: node.kubeconfig,
                },
            },
            events: (!node.no_events).then_some(node.event_peers),
            rules: node.rules,
            dialect: node.dialect.into(),
            output: (node.output != Path::new("-")).then_some(node.output),
            format: node.format,
            node_name: node.node_name,
            pin_dir: node.pin_dir,
            workers: node.workers.unwrap_or_else(usual_workers),
            ring_memory: node.ring_memory.map(|mib| u64::from(mib.get()) << 20),
            sink: node.sink,
            sink_name: node.sink_name,
            metrics: node.metrics,
            status: Some(status),
            state_dir: node.state_dir,
            ebpf_log: node.ebpf_log,
            redirect_peer: node.redirect_peer,
        }
    }
}

fn usual_workers() -> NonZeroU32 {
    let processors = available_parallelism().map_or(1, NonZeroUsize::get);
    let processors = u32::try_from(processors).unwrap_or(USUAL_WORKERS);
    NonZeroU32::new(processors.min(USUAL_WORKERS)).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn defaults_follow_from_what_is_given() {
        let line = [
            "dpi-agent",
            "node",
            "--manifests",
            "/m",
            "--state-dir",
            "/s",
            "--ring-memory",
            "8",
        ];
        let Command::Node(node) = Cli::parse_from(line).command else {
            panic!("node was asked for");
        };
        let options = Options::from(*node);
        assert_eq!(options.status, Some(PathBuf::from("/s/status.json")));
        assert_eq!(options.ring_memory, Some(8 << 20));
        assert_eq!(options.output, None);
        assert!((1..=4).contains(&options.workers.get()));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for line in [
            &["dpi-agent"][..],
            &[
                "dpi-agent",
                "node",
                "--manifests",
                "/m",
                "--kubeconfig",
                "/k",
            ],
            &["dpi-agent", "node", "--manifests", "/m", "--workers", "0"],
            &["dpi-agent", "node", "--manifests", "/m", "--sink", "ifb"],
            &[
                "dpi-agent",
                "node",
                "--manifests",
                "/m",
                "--metrics",
                "9097",
            ],
            &["dpi-agent", "node", "--manifests", "/m", "--format", "xml"],
            &["dpi-agent", "node", "--manifests", "/m", "--ebpf-log", "6"],
        ] {
            assert!(Cli::try_parse_from(line).is_err(), "{line:?}");
        }
    }
}
