//! An alert of the worker to a line of output: named, written by a thread of its own.

use std::{
    fs::OpenOptions,
    io::{self, IsTerminal, Write},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use dpi_api::alert::{
    Action, AlertRecord, Direction, End, Endpoint, EveTime, EventType, FlowTuple, Kubernetes,
    Ports, Severity, Signature, WireAlert, community_id, protocol_name,
};

use super::options::Format;
use crate::{
    desired,
    snapshot::{Pod, Snapshot},
};

/// Lines that may wait for a slow output.
const QUEUE: usize = 16 * 1024;
/// JSON keeps integers exact below this.
const EXACT: u64 = 1 << 53;

/// Why alerts cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("alert output {}: {source}; name a file in a directory that the agent may write to, or - for standard output", path.display())]
pub struct OutputError {
    /// The file.
    path: PathBuf,
    /// The system's words.
    source: io::Error,
}

/// A line with a bounded queue before it. What finds the queue full is counted and gone.
#[derive(Debug)]
pub(super) struct AlertOutput {
    format: Format,
    queue: Option<SyncSender<String>>,
    writer: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    written: AtomicU64,
    dropped: AtomicU64,
}

impl AlertOutput {
    /// Opens the output. A table begins with its heading.
    pub(super) fn open(path: Option<&Path>, format: Format) -> Result<Self, OutputError> {
        let output: Box<dyn Write + Send> = match path {
            None => Box::new(io::stdout()),
            Some(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path);
                Box::new(file.map_err(|source| OutputError {
                    path: path.to_owned(),
                    source,
                })?)
            }
        };
        let counts = Arc::new(Counts::default());
        let (queue, lines) = sync_channel::<String>(QUEUE);
        let writer = Writer {
            output,
            counts: Arc::clone(&counts),
            failing: false,
        };
        let writer = std::thread::Builder::new()
            .name("alerts".to_owned())
            .spawn(move || writer.run(&lines))
            .map_err(|source| OutputError {
                path: path.unwrap_or(Path::new("-")).to_owned(),
                source,
            })?;
        let mut output = Self {
            format,
            queue: Some(queue),
            writer: Some(writer),
            counts,
        };
        if format == Format::Table {
            let colour = path.is_none() && io::stdout().is_terminal();
            let (on, off) = if colour {
                ("\x1b[1m", "\x1b[0m")
            } else {
                ("", "")
            };
            output.line(format!(
                "{on}{}{off}",
                table_row("TIME", "POD", "", "PEER", "RULE", "MESSAGE")
            ));
            output.counts.written.store(0, Relaxed);
        }
        Ok(output)
    }

    /// Writes an alert, or counts it as dropped.
    pub(super) fn write(&mut self, record: &AlertRecord) {
        let line = match self.format {
            Format::Json => serde_json::to_string(record).unwrap_or_default(),
            Format::Fast => fast(record),
            Format::Table => table(record),
        };
        self.line(line);
    }

    fn line(&mut self, line: String) {
        let Some(queue) = &self.queue else { return };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = queue.try_send(line) {
            self.counts.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Alerts written so far.
    pub(super) fn written(&self) -> u64 {
        self.counts.written.load(Relaxed)
    }

    /// Alerts that found the queue full or the output failing.
    pub(super) fn dropped(&self) -> u64 {
        self.counts.dropped.load(Relaxed)
    }
}

impl Drop for AlertOutput {
    /// Writes what waits.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has said so.
            let _ = writer.join();
        }
    }
}

struct Writer {
    output: Box<dyn Write + Send>,
    counts: Arc<Counts>,
    failing: bool,
}

impl Writer {
    fn run(mut self, lines: &Receiver<String>) {
        while let Ok(mut line) = lines.recv() {
            line.push('\n');
            let outcome = self
                .output
                .write_all(line.as_bytes())
                .and_then(|()| self.output.flush());
            match outcome {
                Ok(()) => {
                    self.failing = false;
                    self.counts.written.fetch_add(1, Relaxed);
                }
                Err(error) => {
                    self.counts.dropped.fetch_add(1, Relaxed);
                    if !self.failing {
                        tracing::error!(%error, "alerts cannot be written; make room, or name another --output");
                    }
                    self.failing = true;
                }
            }
        }
    }
}

/// Names the ends of an alert. `owner` is the selected workload that its slot stands for.
pub(super) fn record(
    alert: &WireAlert,
    owner: Option<&desired::Endpoint>,
    snapshot: &Snapshot,
    node: Option<&str>,
) -> AlertRecord {
    let inspected = match alert.direction {
        Direction::Egress => End::Src,
        Direction::Ingress => End::Dest,
    };
    let peer = |ip: IpAddr| snapshot.pod_by_ip(ip).map(|pod| endpoint(pod));
    let own = || owner.map(|owner| endpoint(&owner.pod));
    let (src, dest) = match inspected {
        End::Src => (own().or_else(|| peer(alert.src_ip)), peer(alert.dest_ip)),
        End::Dest => (peer(alert.src_ip), own().or_else(|| peer(alert.dest_ip))),
    };
    let ports = matches!(alert.protocol, 6 | 17 | 132);
    AlertRecord {
        timestamp: EveTime::from_nanos(alert.time_ns),
        flow_id: alert.flow_id.map(|id| id % EXACT),
        event_type: EventType::Alert,
        pcap_filename: None,
        pcap_cnt: None,
        src_ip: alert.src_ip,
        src_port: ports.then_some(alert.src_port),
        dest_ip: alert.dest_ip,
        dest_port: ports.then_some(alert.dest_port),
        proto: protocol_name(alert.protocol),
        icmp_type: alert.icmp.map(|icmp| icmp.icmp_type),
        icmp_code: alert.icmp.map(|icmp| icmp.icmp_code),
        app_proto: alert.app_proto.as_ref().map(ToString::to_string),
        community_id: flow_tuple(alert).map(|tuple| community_id(0, &tuple)),
        direction: Some(alert.direction),
        alert: signature(alert),
        dpi: owner
            .map(|owner| owner.inspections.clone())
            .unwrap_or_default(),
        kubernetes: Some(Kubernetes {
            node: node.map(str::to_owned),
            inspected,
            src,
            dest,
        }),
        suppressed: None,
    }
}

fn signature(alert: &WireAlert) -> Signature {
    let category = alert.category.as_deref().or(alert.classtype.as_deref());
    Signature {
        action: "allowed".into(),
        gid: alert.gid,
        signature_id: alert.sid,
        rev: alert.rev,
        signature: alert.msg.to_string(),
        category: category.unwrap_or_default().to_owned(),
        severity: alert.priority,
        severity_label: Severity::from_priority(alert.priority),
        rule_action: (alert.action != Action::Alert).then_some(alert.action),
    }
}

/// ICMP is told apart by its type, without which its flow has no name.
fn flow_tuple(alert: &WireAlert) -> Option<FlowTuple> {
    let ports = match (alert.protocol, alert.icmp) {
        (6 | 17 | 132, _) => Ports::Pair(alert.src_port, alert.dest_port),
        (1 | 58, Some(icmp)) => Ports::Icmp(icmp),
        (1 | 58, None) => return None,
        _ => Ports::None,
    };
    Some(FlowTuple {
        src: alert.src_ip,
        dest: alert.dest_ip,
        protocol: alert.protocol,
        ports,
    })
}

fn endpoint(pod: &Pod) -> Endpoint {
    // Files that name no UID have `namespace/name` in its place.
    let own = !pod.uid.0.contains('/');
    Endpoint {
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        pod_uid: own.then(|| pod.uid.0.clone()),
        node: pod.node.clone(),
        labels: pod.labels.clone(),
        service_account: pod.service_account.clone(),
    }
}

/// The form of Snort's `alert_fast`.
fn fast(record: &AlertRecord) -> String {
    let rule = &record.alert;
    let time = record.timestamp.to_utc().strftime("%m/%d-%H:%M:%S.%6f");
    let classification = match rule.category.as_str() {
        "" => String::new(),
        category => format!("[Classification: {}] ", printable(category)),
    };
    format!(
        "{time} [**] [{}:{}:{}] \"{}\" [**] {classification}[Priority: {}] {{{}}} {} -> {}",
        rule.gid,
        rule.signature_id,
        rule.rev,
        printable(&rule.signature),
        rule.severity,
        record.proto,
        address(record.src_ip, record.src_port),
        address(record.dest_ip, record.dest_port),
    )
}

fn table(record: &AlertRecord) -> String {
    let (src, dest) = match &record.kubernetes {
        Some(named) => (named.src.as_ref(), named.dest.as_ref()),
        None => (None, None),
    };
    let name = |end: Option<&Endpoint>, ip, port| {
        end.map_or_else(|| address(ip, port), |end| format!("{end}"))
    };
    let src = name(src, record.src_ip, record.src_port);
    let dest = name(dest, record.dest_ip, record.dest_port);
    let (pod, arrow, peer) = match record.direction {
        Some(Direction::Ingress) => (dest, "<-", src),
        _ => (src, "->", dest),
    };
    let time = record.timestamp.to_utc().strftime("%H:%M:%S").to_string();
    let rule = &record.alert;
    let id = format!("{}:{}", rule.gid, rule.signature_id);
    table_row(&time, &pod, arrow, &peer, &id, &printable(&rule.signature))
}

fn table_row(time: &str, pod: &str, arrow: &str, peer: &str, rule: &str, message: &str) -> String {
    format!("{time:<8}  {pod:<24} {arrow:<2} {peer:<24} {rule:<10} {message}")
}

fn address(ip: IpAddr, port: Option<u16>) -> String {
    match (ip, port) {
        (ip, None) => ip.to_string(),
        (IpAddr::V4(ip), Some(port)) => format!("{ip}:{port}"),
        (IpAddr::V6(ip), Some(port)) => format!("[{ip}]:{port}"),
    }
}

/// A rule's message is whatever its author wrote; a line must stay a line.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '.' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use dpi_api::alert::Text;

    use super::*;
    use crate::{node::testing, snapshot::Builder};

    fn alert() -> WireAlert {
        WireAlert {
            slot: 1,
            direction: Direction::Ingress,
            time_ns: 1_000_000_000,
            src_ip: "10.0.0.1".parse().unwrap(),
            dest_ip: "10.0.0.2".parse().unwrap(),
            src_port: 40_000,
            dest_port: 80,
            protocol: 6,
            icmp: None,
            app_proto: Some(Text::cut("http")),
            flow_id: Some(u64::MAX),
            gid: 1,
            sid: 9_000_101,
            rev: 2,
            msg: Text::cut("web shell\nin a line"),
            classtype: Some(Text::cut("web-application-attack")),
            category: None,
            priority: 1,
            action: Action::Alert,
            rebuilt: true,
            ruleset_epoch: 1,
        }
    }

    fn named() -> AlertRecord {
        let snapshot = Builder::new(None).build();
        let owner = testing::endpoint("red/red2");
        record(&alert(), Some(&owner), &snapshot, Some("node-a"))
    }

    #[test]
    fn the_inspected_end_is_the_owner_of_the_slot() {
        let record = named();
        let named = record.kubernetes.unwrap();
        assert_eq!(named.inspected, End::Dest);
        assert_eq!(named.dest.unwrap().to_string(), "red/red2");
        assert_eq!(named.src, None);
        assert_eq!(record.dpi[0].to_string(), "red/all");
        assert!(record.flow_id.unwrap() < EXACT);
        assert_eq!(record.alert.category, "web-application-attack");
    }

    #[test]
    fn each_format_is_one_line() {
        let record = named();
        assert_eq!(
            fast(&record),
            "01/01-00:00:01.000000 [**] [1:9000101:2] \"web shell.in a line\" [**] \
             [Classification: web-application-attack] [Priority: 1] {TCP} 10.0.0.1:40000 -> \
             10.0.0.2:80"
        );
        let table = table(&record);
        assert!(table.starts_with("00:00:01  red/red2 "), "{table}");
        assert!(
            table.contains("<- 10.0.0.1:40000 ") && !table.contains('\n'),
            "{table}"
        );
        assert!(!serde_json::to_string(&record).unwrap().contains('\n'));
    }

    #[test]
    fn lines_arrive_and_an_output_that_cannot_be_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.json");
        let mut output = AlertOutput::open(Some(&path), Format::Json).unwrap();
        for _ in 0..100 {
            output.write(&named());
        }
        drop(output);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 100);
        let first: AlertRecord = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first, named());
        let error =
            AlertOutput::open(Some(Path::new("/nowhere/a.json")), Format::Json).unwrap_err();
        assert!(error.to_string().contains("/nowhere/a.json"), "{error}");
    }
}
