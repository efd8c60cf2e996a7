//! The forms that an alert is written in, each one line.

use std::net::IpAddr;

use dpi_api::alert::{AlertRecord, Direction, Endpoint};

/// How an alert is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One JSON object a line, EVE names.
    #[default]
    Json,
    /// One line of text, as Snort's `alert_fast`.
    Fast,
    /// Columns for a terminal.
    Table,
}

impl Format {
    /// An alert without the line's end.
    pub(super) fn line(self, record: &AlertRecord) -> String {
        match self {
            Self::Json => serde_json::to_string(record).unwrap_or_default(),
            Self::Fast => fast(record),
            Self::Table => table(record),
        }
    }

    /// What stands above the first line, if anything.
    pub(super) fn heading(self) -> Option<String> {
        let row = || table_row("TIME", "POD", "", "PEER", "RULE", "MESSAGE");
        (self == Self::Table).then(row)
    }
}

/// The form of Snort's `alert_fast`.
pub(super) fn fast(record: &AlertRecord) -> String {
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

pub(super) fn table(record: &AlertRecord) -> String {
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
