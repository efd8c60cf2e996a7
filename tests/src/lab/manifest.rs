//! Kubernetes objects as YAML.

use std::{fmt::Write as _, net::Ipv4Addr};

/// A running pod of namespace `demo`.
pub fn pod_manifest(name: &str, ip: Ipv4Addr, labels: &[(&str, &str)]) -> String {
    let mut text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: demo\n  labels:\n"
    );
    for (key, value) in labels {
        let _ = writeln!(text, "    {key}: {value}");
    }
    let _ = write!(
        text,
        "spec:\n  containers: []\nstatus:\n  phase: Running\n  podIP: {ip}\n  podIPs:\n  - ip: {ip}\n"
    );
    text
}

/// An inspection of namespace `demo`.
pub fn inspection(name: &str, selector: &str) -> String {
    format!(
        "apiVersion: projectcalico.org/v3\nkind: DeepPacketInspection\nmetadata:\n  name: {name}\n  \
         namespace: demo\nspec:\n  selector: {selector}\n"
    )
}
