//! The command line: one subcommand a role.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{pcap, ruleset};

/// Deep packet inspection for Kubernetes: Snort rules on the traffic of selected pods.
#[derive(Debug, Parser)]
#[command(name = "dpi-agent", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Inspect capture files with the same engine, and print the alerts
    ///
    /// Every file starts with fresh state. Exit status: 0 also with alerts, 2 if a rule or
    /// a capture could not be read whole (everything else is still done).
    Pcap(pcap::Options),
    /// Look at rule files
    #[command(subcommand)]
    Rules(Rules),
}

#[derive(Debug, Subcommand)]
enum Rules {
    /// Say which rules load, which are inactive, and what is wrong with the others
    ///
    /// Exit status: 0 without errors, 2 with.
    Check(ruleset::check::Options),
}

impl Cli {
    /// Plays the role.
    pub fn run(&self) -> Result<ExitCode> {
        let whole = match &self.role {
            Role::Pcap(options) => pcap::run(options)?,
            Role::Rules(Rules::Check(options)) => ruleset::check::run(options)?,
        };
        Ok(if whole {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(2)
        })
    }
}
