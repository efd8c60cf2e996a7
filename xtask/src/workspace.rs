//! Where things lie in the checkout.

use std::path::{Path, PathBuf};

/// Root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Cargo's target directory for user space.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The eBPF object that the agent's build script embeds.
pub(crate) fn ebpf_object() -> PathBuf {
    root().join("target/ebpf/bpfel-unknown-none/release/dpi-ebpf")
}

/// Compiler flags that keep the places of this machine out of what is built: where sources
/// lie is nobody's business, and the same commit gives the same bytes anywhere.
pub(crate) fn remapped() -> Vec<String> {
    let home = std::env::var("HOME").unwrap_or_default();
    let cargo = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{home}/.cargo"));
    let places = [
        // The last that fits counts, and a target directory may lie below the root.
        (root().display().to_string(), "/dpi-agent"),
        (target_dir().display().to_string(), "/target"),
        (cargo, "/cargo"),
    ];
    places
        .map(|(from, to)| format!("--remap-path-prefix={from}={to}"))
        .to_vec()
}

/// Shared test data, if it is there: `DPI_TEST_DATA`, else `../shared/data`.
pub(crate) fn test_data() -> Option<PathBuf> {
    let path = std::env::var_os("DPI_TEST_DATA")
        .map_or_else(|| root().join("../shared/data"), PathBuf::from);
    path.is_dir().then(|| path.canonicalize().unwrap_or(path))
}
