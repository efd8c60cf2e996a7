//! An alert as one line.

use std::io::{self, Write};

use clap::ValueEnum;
use dpi_api::alert::AlertRecord;

/// How alerts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line, with EVE's names
    Json,
    /// One line of text, for people
    Fast,
}

/// Writes one line.
pub(super) fn write(format: Format, record: &AlertRecord, out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Json => {
            serde_json::to_writer(&mut *out, record)?;
            writeln!(out)
        }
        Format::Fast => fast(record, out),
    }
}

fn fast(record: &AlertRecord, out: &mut impl Write) -> io::Result<()> {
    let alert = &record.alert;
    let end = |ip: std::net::IpAddr, port: Option<u16>| match port {
        Some(port) => std::net::SocketAddr::new(ip, port).to_string(),
        None => ip.to_string(),
    };
    writeln!(
        out,
        "{} [{}:{}:{}] {} [{}] [priority {}] {{{}}} {} -> {}",
        record.timestamp,
        alert.gid,
        alert.signature_id,
        alert.rev,
        alert.signature,
        alert.category,
        alert.severity,
        record.proto,
        end(record.src_ip, record.src_port),
        end(record.dest_ip, record.dest_port),
    )
}
