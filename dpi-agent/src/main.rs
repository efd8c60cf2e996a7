//! The agent's command line.
#![forbid(unsafe_code)]

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use dpi_agent::{cli::Cli, error_line::error_line};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match log_to_stderr(&cli.log).and_then(|()| cli.run()) {
        Ok(code) => code,
        Err(error) => {
            let text = error_line(error.as_ref());
            // Without standard error nobody is left to be told.
            let _ = writeln!(std::io::stderr(), "dpi-agent: {text}");
            ExitCode::from(2)
        }
    }
}

fn log_to_stderr(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::builder()
        .parse(filter)
        .with_context(|| format!("--log {filter:?}: write error, warn, info, debug or trace"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    Ok(())
}
