//! The agent's command line.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use dpi_agent::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            #[expect(
                clippy::print_stderr,
                reason = "the last word of a command that failed"
            )]
            {
                eprintln!("dpi-agent: {error:#}");
            }
            ExitCode::from(2)
        }
    }
}
