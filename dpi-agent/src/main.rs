//! The agent's command line.
#![forbid(unsafe_code)]

use std::{env, io::Write, process::ExitCode};

use clap::Parser;
use dpi_agent::{cli::Cli, error_line::error_line, log_level, tar_command};

fn main() -> ExitCode {
    let mut words = env::args_os();
    if tar_command::is_called(words.next().as_ref()) {
        return tar_command::run(words);
    }
    let cli = Cli::parse();
    match log_level::begin(&cli.log).and_then(|()| cli.run()) {
        Ok(code) => code,
        Err(error) => {
            let text = error_line(error.as_ref());
            // Without standard error nobody is left to be told.
            let _ = writeln!(std::io::stderr(), "dpi-agent: {text}");
            ExitCode::from(2)
        }
    }
}
