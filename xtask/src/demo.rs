//! `cargo xtask demo`: live inspection on this machine without a cluster.

use std::{os::unix::process::CommandExt as _, path::PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{build, cache, process, setup, workspace};

/// Options of `demo`.
#[derive(Args)]
pub(crate) struct Options {
    /// Leave it running to play with, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

/// Builds what the demo needs and becomes it.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("namespaces and eBPF programs need root: run `sudo -E cargo xtask demo`");
    }
    build::ebpf(&setup::ensure()?)?;
    let agent = build::agent(build::Profile::Quick)?;
    let profile = build::Profile::Quick;
    process::run(process::cargo().args([
        "build",
        "--profile",
        profile.name(),
        "--package",
        "dpi-tests",
        "--bin",
        "demo",
    ]))?;
    let mut demo = std::process::Command::new(profile.output().join("demo"));
    demo.env("DPI_AGENT", agent);
    demo.arg("--starter").arg(workspace::root().join("rules"));
    if let Some(rules) = community_rules() {
        demo.arg("--community").arg(rules);
    } else {
        eprintln!(
            "no community rules in the cache: the demo uses the starter rules alone \
             (cargo xtask fetch-rules gets the others)"
        );
    }
    if options.keep {
        demo.arg("--keep");
    }
    // In its place, so that Ctrl-C ends one program, and that one in good order.
    Err(demo.exec()).context("cannot run the demo")
}

/// Those in the cache, else those of the test data.
fn community_rules() -> Option<PathBuf> {
    let cached = cache::dir().ok()?.join("community-rules");
    let data = || workspace::test_data().map(|data| data.join("rules"));
    Some(cached)
        .filter(|path| path.is_dir())
        .or_else(data)
        .filter(|path| path.is_dir())
}
