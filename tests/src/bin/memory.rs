//! `cargo xtask bench memory`: what the agent weighs.
#![expect(clippy::print_stdout, reason = "this is what it is for")]

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::Parser;
use dpi_tests::mock_node::memory;

/// With which rules.
#[derive(Parser)]
struct Arguments {
    /// Directory of rule files [default: the starter rules]
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules"))]
    rules: PathBuf,
}

/// What may be charged with nothing selected, and with one pod inspected.
const LIMITS: [u64; 2] = [25 << 20, 100 << 20];

fn main() -> Result<()> {
    let rules = Arguments::parse().rules.canonicalize()?;
    let Some([idle, inspecting, after]) = memory(&rules)? else {
        bail!("the reason is printed above");
    };
    println!("nothing selected:   {idle}");
    println!("one pod inspected:  {inspecting}");
    println!("nothing selected:   {after}");
    for (weight, limit) in [(idle, LIMITS[0]), (inspecting, LIMITS[1])] {
        let charged = weight.charged.unwrap_or(weight.own);
        ensure!(charged <= limit, "more than {} MiB", limit >> 20);
    }
    Ok(())
}
