//! What is tested, and how.

use std::{fmt, fs, path::PathBuf, process::Command};

use anyhow::Result;
use clap::ValueEnum;

use super::lane::Lane;
use crate::{build, image, process, setup, tidy, workspace};

/// What is tested, cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Tier {
    /// The rules of this code base, formatting and lints
    Tidy,
    /// Each crate by itself
    Unit,
    /// The loaded programs and the rings, in network namespaces (needs root)
    Kernel,
    /// The whole agent in network namespaces (needs root)
    Node,
    /// A real API server; pods of a real cluster, the one that is up or one of its own
    /// (the latter needs root)
    Cluster,
    /// Starter rules, captures, fidelity to Snort 3 (parts need the shared test data)
    Data,
    /// The fuzz targets of rules and of the engine, a minute each
    Fuzz,
}

const UNIT_CRATES: &[&str] = &[
    "dpi-common",
    "dpi-match",
    "dpi-snort",
    "dpi-api",
    "dpi-capture",
    "dpi-agent",
    "dpi-image",
];

/// All of them would take longer than everything else. What once failed in any is replayed by
/// the tests of its crate.
const FUZZED: &[&str] = &["rules", "options", "pcre", "engine"];
const FUZZED_SECONDS: usize = 60;

/// What tiers share.
#[derive(Default)]
pub(super) struct Built {
    image: Option<PathBuf>,
}

impl Built {
    /// Tests of package dpi-tests; `alone`: one at a time, as they share the machine's network.
    pub(super) fn cross(&self, targets: &[String], alone: bool) -> Command {
        let mut command = process::cargo();
        command.args(["test", "--no-fail-fast", "--package", "dpi-tests"]);
        command.args(["--profile", build::Profile::Quick.name()]);
        for target in targets {
            command.args(["--test", target]);
        }
        if !alone {
            // Its own parts, such as what writes frames and images.
            command.arg("--lib");
        }
        // An error tells its chain; fifty frames behind it would hide it.
        command.env("RUST_LIB_BACKTRACE", "0");
        command.args(["--", "--nocapture"]);
        if alone {
            command.arg("--test-threads=1");
        }
        let agent = build::Profile::Quick.output().join("dpi-agent");
        command.env("DPI_AGENT", agent);
        if let Some(image) = &self.image {
            command.env("DPI_IMAGE", image);
        }
        if let Some(data) = workspace::test_data() {
            command.env("DPI_TEST_DATA", data);
        }
        command
    }
}

/// Builds what these tiers share: built by one tier while another runs it, it would not be
/// there for a moment.
pub(super) fn build(tiers: &[Tier], lane: &mut Lane) -> Result<Built> {
    let mut built = Built::default();
    let wants = |tier| tiers.contains(&tier);
    if wants(Tier::Cluster) {
        match image::for_tests() {
            Ok(image) => built.image = Some(image),
            Err(error) => lane
                .skipped
                .push(format!("skipped: what needs the agent's image: {error:#}")),
        }
    }
    // After the image, whose program is linked otherwise and has the same name.
    if tiers
        .iter()
        .any(|tier| !matches!(tier, Tier::Unit | Tier::Fuzz))
    {
        build::agent(build::Profile::Quick)?;
    }
    Ok(built)
}

impl Tier {
    /// Each of them, in order.
    pub(super) const ALL: &[Tier] = &[
        Tier::Tidy,
        Tier::Unit,
        Tier::Kernel,
        Tier::Node,
        Tier::Cluster,
        Tier::Data,
        Tier::Fuzz,
    ];

    /// It has the machine's network, clocks and timeouts to wait for.
    pub(super) fn waits(self) -> bool {
        matches!(self, Tier::Kernel | Tier::Node | Tier::Cluster)
    }

    /// Runs all of it.
    pub(super) fn run(self, built: &Built, lane: &mut Lane) -> Result<()> {
        match self {
            Tier::Tidy => {
                tidy::check()?;
                process::run(process::cargo().args(["fmt", "--all", "--check"]))?;
                let clippy = ["clippy", "--quiet", "--workspace", "--all-targets"];
                process::run(process::cargo().args(clippy).args(["--", "-D", "warnings"]))
            }
            Tier::Unit => units(lane),
            Tier::Fuzz => fuzz(lane),
            Tier::Kernel | Tier::Node | Tier::Data => self.cross(built, lane),
            Tier::Cluster => {
                // The tests themselves say what they miss; this says why it cannot be had.
                if std::env::var_os("KUBEBUILDER_ASSETS").is_none()
                    && let Err(error) = setup::kube(false)
                {
                    let line = format!("skipped: tests on Kubernetes: {error:#}");
                    lane.skipped.push(line);
                }
                self.cross(built, lane)
            }
        }
    }

    /// Runs the test files of package dpi-tests that belong to it.
    fn cross(self, built: &Built, lane: &mut Lane) -> Result<()> {
        let mut targets = Vec::new();
        for entry in fs::read_dir(workspace::root().join("tests/tests"))? {
            let path = entry?.path();
            if let Some(name) = path.file_stem().and_then(|name| name.to_str())
                && tier_of(name) == self
            {
                targets.push(name.to_owned());
            }
        }
        targets.sort();
        if targets.is_empty() {
            lane.skipped
                .push(format!("skipped: tier {self}: this tree has no such tests"));
            return Ok(());
        }
        lane.run(built.cross(&targets, self.waits()))
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

fn units(lane: &mut Lane) -> Result<()> {
    let mut command = process::cargo();
    command.args(["test", "--quiet", "--no-fail-fast"]);
    command.args(["--profile", build::Profile::Quick.name()]);
    for package in UNIT_CRATES {
        command.args(["--package", package]);
    }
    let crates = lane.run(command);
    // By itself: it asks other features of what all share, which would then be built twice.
    let mut own = process::cargo();
    own.args(["test", "--quiet", "--package", "xtask"]);
    crates.and(lane.run(own))
}

fn fuzz(lane: &mut Lane) -> Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    let budget = (FUZZED.len() * FUZZED_SECONDS).to_string();
    command.args(["fuzz", "--budget", &budget, "--target", &FUZZED.join(",")]);
    lane.run(command)
}

/// The tier that a test file of package dpi-tests belongs to, by its name.
fn tier_of(file: &str) -> Tier {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| file.starts_with(prefix));
    if begins(&["kernel_", "capture_"]) {
        Tier::Kernel
    } else if begins(&["node_"]) {
        Tier::Node
    } else if begins(&["cluster_"]) {
        Tier::Cluster
    } else {
        Tier::Data
    }
}
