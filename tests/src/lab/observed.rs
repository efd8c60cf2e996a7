//! What the agent says: its status file and its alerts, as a program reads them.

use std::{fs, path::Path, time::SystemTime};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The status file as it stood at one moment.
#[derive(Clone, Debug)]
pub struct Status {
    /// The whole of it.
    pub json: Value,
    /// When it was written.
    pub written: SystemTime,
}

impl Status {
    pub(super) fn read(path: &Path) -> Result<Status> {
        let context = || format!("status file {}", path.display());
        let written = fs::metadata(path)
            .and_then(|m| m.modified())
            .with_context(context)?;
        let json = serde_json::from_slice(&fs::read(path).with_context(context)?)?;
        Ok(Status { json, written })
    }

    /// A number by its JSON pointer, such as `/packets/seen`; 0 if it is not there.
    pub fn number(&self, pointer: &str) -> u64 {
        self.json
            .pointer(pointer)
            .and_then(Value::as_u64)
            .unwrap_or(0)
    }

    /// A text by its JSON pointer.
    pub fn text(&self, pointer: &str) -> &str {
        self.json
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("")
    }

    /// Sum of the numbers below a JSON pointer.
    pub fn sum(&self, pointer: &str) -> u64 {
        let object = self.json.pointer(pointer).and_then(Value::as_object);
        let values = object
            .into_iter()
            .flat_map(|object| object.values().filter_map(Value::as_u64));
        values.sum()
    }

    /// Process id of the worker, while there is one that reads its rings.
    pub fn worker(&self) -> Option<u32> {
        let running = self.json.pointer("/worker/running") == Some(&Value::Bool(true));
        let pid = u32::try_from(self.number("/worker/pid")).ok()?;
        (running && pid != 0).then_some(pid)
    }

    /// Packets between two counters.
    pub fn under_way(&self) -> i64 {
        self.json
            .pointer("/packets/under_way")
            .and_then(Value::as_i64)
            .unwrap_or(i64::MAX)
    }

    /// What adds up to `seen`, part by part, in a line.
    pub fn balance(&self) -> String {
        let packets = self.json.pointer("/packets").cloned().unwrap_or_default();
        let reasons = |class: &str| {
            let object = packets.get(class).and_then(Value::as_object);
            let each = object.into_iter().flatten();
            let each = each.filter(|(_, n)| n.as_u64() != Some(0));
            each.map(|(reason, n)| format!("{reason} {n}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        format!(
            "seen {} = inspected {} + bypassed {} ({}) + dropped {} ({}) + under way {}",
            self.number("/packets/seen"),
            self.number("/packets/inspected"),
            self.sum("/packets/bypassed"),
            reasons("bypassed"),
            self.sum("/packets/dropped"),
            reasons("dropped"),
            self.under_way()
        )
    }
}

/// An alert of the JSON output.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alert {
    /// The inspected pod.
    pub pod: String,
    /// The other end: a pod's name, else the address.
    pub peer: String,
    /// Whether the pod received the packet.
    pub to_pod: bool,
    /// Signature id.
    pub sid: u32,
    /// Source port.
    pub src_port: u16,
    /// Message of the rule.
    pub message: String,
    /// When the packet was taken.
    pub timestamp: String,
}

impl Alert {
    /// Reads a line of the output.
    pub fn read(line: &str) -> Result<Alert> {
        let json: Value =
            serde_json::from_str(line).with_context(|| format!("no alert: {line}"))?;
        let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str);
        let number = |pointer: &str| json.pointer(pointer).and_then(Value::as_u64);
        let end = |end: &str| {
            let name = text(&format!("/kubernetes/{end}/pod"));
            let address = text(&format!("/{end}_ip"));
            name.or(address).unwrap_or("?").to_owned()
        };
        let to_pod = text("/kubernetes/inspected") == Some("dest");
        let (src, dest) = (end("src"), end("dest"));
        let (pod, peer) = if to_pod { (dest, src) } else { (src, dest) };
        Ok(Alert {
            pod,
            peer,
            to_pod,
            sid: number("/alert/signature_id").unwrap_or(0).try_into()?,
            src_port: number("/src_port").unwrap_or(0).try_into()?,
            message: text("/alert/signature").unwrap_or("").to_owned(),
            timestamp: text("/timestamp").unwrap_or("").to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_told_from_the_inspected_end() {
        let line = r#"{"timestamp":"t","src_ip":"10.0.0.1","src_port":9,"dest_ip":"10.0.0.2",
            "alert":{"signature_id":5,"signature":"m"},
            "kubernetes":{"inspected":"dest","dest":{"pod":"red2"}}}"#;
        let alert = Alert::read(line).unwrap();
        assert_eq!((&*alert.pod, &*alert.peer), ("red2", "10.0.0.1"));
        assert!(alert.to_pod);
        assert_eq!((alert.sid, alert.src_port), (5, 9));
        assert!(Alert::read("no JSON").is_err());
    }
}
