//! What is logged, and changing it while the agent runs.
//!
//! A running `node` looks each second for a file in its state directory; `dpi-agent log
//! LEVEL` writes it. A file rather than a request on the metrics port: whoever may write
//! the state directory is the administrator, whoever reaches the port may be any pod.

use std::{
    fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock},
};

use anyhow::Context;
use clap::Args;
use tracing_subscriber::{
    EnvFilter, Registry,
    layer::SubscriberExt,
    reload::{self, Handle},
    util::SubscriberInitExt,
};

/// Options of `log`.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// error, warn, info, debug, trace, or a filter by module such as
    /// `info,dpi_agent::node=debug`.
    #[arg(value_name = "LEVEL")]
    pub level: String,
    /// The state directory of the running agent.
    #[arg(long, value_name = "DIR", default_value = "/run/dpi-agent")]
    pub state_dir: PathBuf,
}

struct Running {
    handle: Handle<EnvFilter, Registry>,
    /// The filter in force as it was written.
    text: Mutex<String>,
}

static RUNNING: OnceLock<Running> = OnceLock::new();

/// Logs to standard error from now on.
pub fn begin(text: &str) -> anyhow::Result<()> {
    let filter = parse(text).with_context(|| format!("--log {text:?}: {REMEDY}"))?;
    let (filter, handle) = reload::Layer::new(filter);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .init();
    let text = Mutex::new(text.to_owned());
    let _ = RUNNING.set(Running { handle, text });
    Ok(())
}

const REMEDY: &str = "write error, warn, info, debug or trace";

fn parse(text: &str) -> anyhow::Result<EnvFilter> {
    // The client logs each request that fails as an error; whoever asked says it once, with
    // the remedy.
    let quiet = if text.contains("kube_client") {
        text.to_owned()
    } else {
        format!("{text},kube_client::client::builder=off")
    };
    Ok(EnvFilter::builder().parse(quiet)?)
}

/// Asks the agent with this state directory for another level.
pub fn write(options: &Options) -> anyhow::Result<()> {
    parse(&options.level).with_context(|| format!("{:?}: {REMEDY}", options.level))?;
    let path = path(&options.state_dir);
    let new = path.with_extension("new");
    fs::write(&new, &options.level)
        .and_then(|()| fs::rename(&new, &path))
        .with_context(|| {
            format!(
                "{}: name the state directory of the running agent by --state-dir",
                path.display()
            )
        })
}

/// A level that was asked of an earlier agent does not concern this one.
pub fn forget(state_dir: &Path) {
    // Mostly there is none.
    let _ = fs::remove_file(path(state_dir));
}

/// Takes the level that was asked for, if one was.
pub fn follow(state_dir: &Path) {
    let Ok(text) = fs::read_to_string(path(state_dir)) else {
        return;
    };
    let Some(running) = RUNNING.get() else { return };
    let Ok(mut in_force) = running.text.lock() else {
        return;
    };
    if *in_force == text {
        return;
    }
    match parse(&text).map(|filter| running.handle.reload(filter)) {
        Ok(Ok(())) => tracing::info!("what is logged is now {text:?}"),
        Ok(Err(error)) => tracing::warn!(%error, "what is logged cannot be changed"),
        Err(error) => tracing::warn!(%error, "log level {text:?}: {REMEDY}"),
    }
    *in_force = text;
}

fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("log-level")
}
