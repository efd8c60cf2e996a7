//! Who may depend on whom.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Finding, source::Source};
use crate::process;

/// Crates of this workspace that each of them may use; the engine knows no platform.
const MAY_USE: &[(&str, &[&str])] = &[
    ("dpi-common", &[]),
    ("dpi-ebpf", &["dpi-common"]),
    ("dpi-match", &[]),
    ("dpi-match-bench", &["dpi-match"]),
    ("dpi-snort", &["dpi-match"]),
    ("dpi-api", &[]),
    ("dpi-capture", &["dpi-common"]),
    (
        "dpi-agent",
        &[
            "dpi-common",
            "dpi-match",
            "dpi-snort",
            "dpi-api",
            "dpi-capture",
        ],
    ),
    ("dpi-image", &[]),
    ("xtask", &["dpi-image"]),
];
/// What the engine and the matcher must never see.
const PLATFORM: &[&str] = &[
    "tokio",
    "rustix",
    "libc",
    "kube",
    "k8s-openapi",
    "aya",
    "mio",
    "nix",
];
const PURE: &[&str] = &["dpi-match", "dpi-snort"];

/// Compares the manifests with the table.
pub(super) fn check(_files: &[Source], findings: &mut Vec<Finding>) -> Result<()> {
    let metadata = process::cargo()
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .output()
        .context("cannot run cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&metadata.stdout)
        .context("cargo metadata printed no JSON: does every manifest parse?")?;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            // A null kind is a dependency of the code itself, not of its tests or build.
            if dependency["kind"].is_null() {
                check_one(name, used, findings);
            }
        }
    }
    Ok(())
}

fn check_one(name: &str, used: &str, findings: &mut Vec<Finding>) {
    let allowed = MAY_USE.iter().find(|(crate_name, _)| *crate_name == name);
    let refused_own =
        used.starts_with("dpi-") && allowed.is_some_and(|(_, list)| !list.contains(&used));
    let refused_platform = PURE.contains(&name) && PLATFORM.contains(&used);
    if refused_own || refused_platform {
        findings.push(Finding {
            file: format!("{name}/Cargo.toml"),
            line: 1,
            what: format!("{name} may not depend on {used} (see ARCHITECTURE.md, code map)"),
        });
    }
}
