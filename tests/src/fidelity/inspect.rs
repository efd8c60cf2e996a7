//! One capture through the engine, as `dpi-agent pcap` does it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use dpi_agent::ruleset::{Dialect, load};
use dpi_snort::{
    Config,
    detection::{CompileError, Detection},
};
use thiserror::Error;

use super::Finding;

/// What a capture came to.
#[derive(Clone, Debug, Default)]
pub struct Inspected {
    /// Rules that alerted, and between whom.
    pub findings: BTreeSet<Finding>,
    /// Rules that alerted, and in which flow.
    pub flows: BTreeSet<FlowFinding>,
    /// Alerts of each rule.
    pub alerts: BTreeMap<u32, u64>,
    /// Packets given to the engine.
    pub packets: u64,
}

/// A rule that alerted in a flow, whichever end sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowFinding {
    /// The rule.
    pub sid: u32,
    /// Both ends, the smaller one first; port 0 where there is none.
    pub ends: (SocketAddr, SocketAddr),
}

/// Why a capture's result cannot be trusted.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each message says what the variant means")]
pub enum InspectError {
    #[error("{}: {source}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{}: {source}", path.display())]
    Rules {
        path: PathBuf,
        #[source]
        source: CompileError,
    },
    #[error("{}: no rule could be compiled", path.display())]
    NoRules { path: PathBuf },
    #[error("{}: the engine panicked on {panics} packets", path.display())]
    Panicked { path: PathBuf, panics: u64 },
    #[error(
        "{}: of {packets} packets {inspected} were inspected and {dropped} dropped: the rest is lost",
        path.display()
    )]
    Lost {
        path: PathBuf,
        packets: u64,
        inspected: u64,
        dropped: u64,
    },
}

/// Compiles the rules of a file or folder; rules that need what is missing are left out.
pub fn rules(path: &Path) -> Result<Arc<Detection>, InspectError> {
    let loaded = load(&[path.to_path_buf()], Dialect::Auto, Arc::default());
    let compiled = Detection::compile(loaded.ruleset, &Config::default());
    let (detection, _) = compiled.map_err(|source| InspectError::Rules {
        path: path.to_path_buf(),
        source,
    })?;
    if detection.is_empty() {
        return Err(InspectError::NoRules {
            path: path.to_path_buf(),
        });
    }
    Ok(Arc::new(detection))
}

/// Inspects a capture with a fresh engine. One that is cut short is inspected to its last
/// whole packet; a panic or an unbooked packet is an error.
pub fn inspect(path: &Path, detection: &Arc<Detection>) -> Result<Inspected, InspectError> {
    inspect_with(path, detection, &Config::default())
}

/// The same with limits and choices of the caller's.
pub fn inspect_with(
    path: &Path,
    detection: &Arc<Detection>,
    config: &Config,
) -> Result<Inspected, InspectError> {
    let mut result = Inspected::default();
    let done = dpi_agent::pcap::inspect(path, detection, config, &mut |record| {
        let sid = record.alert.signature_id;
        *result.alerts.entry(sid).or_default() += 1;
        if record.alert.gid == 1 {
            let finding = Finding::new(sid, record.src_ip, record.dest_ip);
            result.findings.insert(finding);
            let port = |port: Option<u16>| port.unwrap_or(0);
            let (src, dst) = (
                SocketAddr::new(record.src_ip, port(record.src_port)),
                SocketAddr::new(record.dest_ip, port(record.dest_port)),
            );
            let ends = if src <= dst { (src, dst) } else { (dst, src) };
            result.flows.insert(FlowFinding { sid, ends });
        }
        Ok(())
    })
    .map_err(|source| InspectError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    result.packets = done.packets;
    check_books(path, done.packets, &done.counters)?;
    Ok(result)
}

fn check_books(
    path: &Path,
    packets: u64,
    counters: &[(&'static str, u64)],
) -> Result<(), InspectError> {
    let path = path.to_path_buf();
    let sum = |prefix: &str| {
        let counted = counters.iter().filter(|(name, _)| name.starts_with(prefix));
        counted.map(|(_, count)| count).sum::<u64>()
    };
    let panics = sum("dropped.panic") + sum("dropped.quarantined");
    if panics > 0 {
        return Err(InspectError::Panicked { path, panics });
    }
    let (inspected, dropped) = (sum("inspected"), sum("dropped."));
    if inspected + dropped != packets {
        return Err(InspectError::Lost {
            path,
            packets,
            inspected,
            dropped,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unbooked_packets_and_panics_are_errors() {
        let books = |inspected, not_ip, panic| {
            let counters = [
                ("inspected", inspected),
                ("dropped.not_ip", not_ip),
                ("dropped.panic", panic),
                ("service.pdus", 9),
            ];
            check_books(Path::new("x.pcap"), 10, &counters)
        };
        assert!(books(8, 2, 0).is_ok());
        assert!(matches!(books(8, 1, 0), Err(InspectError::Lost { .. })));
        assert!(matches!(books(9, 2, 0), Err(InspectError::Lost { .. })));
        assert!(matches!(books(8, 1, 1), Err(InspectError::Panicked { .. })));
    }
}
