//! Attaches the programs to an interface or to a cgroup's traffic, and shows what they
//! count, second by second. Clones go to a sink that nobody reads.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks to the person at the terminal"
)]

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use dpi_agent::{
    error_line::error_line,
    interfaces::cgroup_id,
    kernel::{Kernel, Options as KernelOptions, SharedInterface, Sink as Target},
    snapshot::CgroupPath,
};
use dpi_capture::{Sink, sink::Preference};
use dpi_common::{Counter, Counters, PortBitmap, Slot, counters::Class};
use tokio::{signal, time::interval};

/// Shows what the eBPF programs count on live traffic. Needs root.
#[derive(Debug, Parser)]
struct Options {
    /// A network interface ("eth0") or the path of a cgroup ("/sys/fs/cgroup/my.slice")
    target: PathBuf,
    /// Stop after this many seconds (default: at Ctrl-C)
    #[arg(long)]
    seconds: Option<u64>,
}

const LEASE: Duration = Duration::from_secs(3);
const PINS: &str = "/sys/fs/bpf/dpi-load";
const SINK: &str = "dpi-load";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {}", error_line(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<()> {
    let mut kernel = Kernel::open(&KernelOptions {
        pin_dir: PINS.into(),
        ..KernelOptions::default()
    })?;
    let sink = match Sink::create(Preference::Auto, SINK) {
        Ok(sink) => sink,
        Err(error) => {
            kernel.unpin_all()?;
            return Err(error.into());
        }
    };
    let outcome = attach(&mut kernel, options, &sink);
    let shown = match outcome {
        Ok(()) => show(&mut kernel, options).await,
        Err(error) => Err(error),
    };
    let removed = kernel.unpin_all();
    sink.remove()?;
    shown.and(Ok(removed?))
}

fn attach(kernel: &mut Kernel, options: &Options, sink: &Sink) -> Result<()> {
    let redirect = sink.redirect();
    kernel.set_sink(Some(Target {
        ifindex: redirect.ifindex,
        flags: u32::try_from(redirect.flags)?,
    }))?;
    kernel.set_ports(&PortBitmap::EVERYTHING)?;
    let slot = Slot::new_checked(1).context("slot 1")?;
    let name = options.target.to_string_lossy();
    if let Some(ifindex) = ifindex(&name) {
        kernel.attach(ifindex, &name, slot)?;
        println!(
            "attached to {name}, clones to {} ({})",
            sink.name(),
            sink.kind()
        );
        return Ok(());
    }
    if !options.target.is_dir() {
        bail!("{name}: neither a network interface nor the directory of a cgroup");
    }
    let path = CgroupPath::new_checked(&name).context("the cgroup's path")?;
    let cgroup = cgroup_id(&path)
        .with_context(|| format!("{name} is no directory below the mount of cgroup2"))?;
    kernel.set_cgroup(cgroup.id, cgroup.level, Some(slot))?;
    let shared = SharedInterface {
        cgroups: true,
        ..SharedInterface::default()
    };
    let mut attached = Vec::new();
    for entry in fs::read_dir("/sys/class/net")?.flatten() {
        let device = entry.file_name().to_string_lossy().into_owned();
        if device == "lo" || device.starts_with(SINK) {
            continue;
        }
        let Some(ifindex) = ifindex(&device) else {
            continue;
        };
        match kernel.attach_shared(ifindex, &device, shared) {
            Ok(()) => attached.push(device),
            Err(error) => eprintln!("{device} is left out: {}", error_line(&error)),
        }
    }
    if attached.is_empty() {
        bail!("there is no interface that the cgroup's packets could leave by");
    }
    println!("attached to {} for {name}", attached.join(", "));
    Ok(())
}

fn ifindex(name: &str) -> Option<u32> {
    let path = PathBuf::from("/sys/class/net").join(name).join("ifindex");
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

async fn show(kernel: &mut Kernel, options: &Options) -> Result<()> {
    let mut second = interval(Duration::from_secs(1));
    let begun = kernel.counters()?;
    let mut before = begun;
    let mut rows: u64 = 0;
    loop {
        tokio::select! {
            _ = signal::ctrl_c() => break,
            _ = second.tick() => {}
        }
        kernel.renew_lease(LEASE)?;
        if rows.is_multiple_of(20) {
            println!(
                "{:>10} {:>12} {:>11} {:>9} {:>9} {:>9}  notes",
                "packets/s", "bytes/s", "handed over", "no rule", "bypassed", "dropped"
            );
        }
        let now = kernel.counters()?;
        if rows > 0 {
            row(&now.since(&before));
        }
        before = now;
        if options.seconds.is_some_and(|limit| rows >= limit) {
            break;
        }
        rows += 1;
    }
    println!("in all:");
    row(&kernel.counters()?.since(&begun));
    Ok(())
}

fn row(counters: &Counters) {
    let notes: Vec<String> = Counter::ALL
        .into_iter()
        .filter(|c| c.class() == Class::Note && counters.get(*c) > 0)
        .map(|c| format!("{} {}", c.label(), counters.get(c)))
        .collect();
    println!(
        "{:>10} {:>12} {:>11} {:>9} {:>9} {:>9}  {}",
        counters.get(Counter::Seen),
        counters.get(Counter::SeenBytes),
        counters.get(Counter::HandedOver),
        counters.get(Counter::BypassedNoRule),
        counters.get(Counter::BypassedFlow),
        counters.total(Class::Dropped),
        notes.join(", ")
    );
}
