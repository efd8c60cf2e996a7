//! Layers and what is run in them.

use std::{collections::BTreeMap, io, path::PathBuf};

use serde_json::{Value, json};

use crate::{Digest, Layer};

/// Fixed, so that the same files give the same image.
pub(crate) const TIME: &str = "1970-01-01T00:00:00Z";

/// Why an image cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A tar archive cannot be made.
    #[error("making an archive: {0}")]
    Archive(#[from] io::Error),
    /// JSON cannot be made.
    #[error("making JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A file cannot be written.
    #[error("writing {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

/// An image for Linux on the architecture that this runs on.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// Its name with its tag: `docker.io/library/name:tag`.
    pub name: String,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
    /// What is always run.
    pub entrypoint: Vec<String>,
    /// Its arguments, or what is run, unless the container names others.
    pub command: Vec<String>,
    /// Environment, `KEY=VALUE`.
    pub environment: Vec<String>,
    /// Numeric user and group, `65532:65532`; empty: root.
    pub user: String,
    /// Labels (`org.opencontainers.image.…`).
    pub labels: BTreeMap<String, String>,
}

/// The configuration, by whose digest an image is known.
pub(crate) fn config(image: &Image, layers: &[Digest]) -> Result<Vec<u8>, ImageError> {
    let layers: Vec<String> = layers.iter().map(Digest::to_string).collect();
    let history = vec![json!({"created": TIME}); layers.len()];
    let mut run = json!({"Env": image.environment, "WorkingDir": "/"});
    let lists = [("Entrypoint", &image.entrypoint), ("Cmd", &image.command)];
    for (key, list) in lists {
        if !list.is_empty() {
            run[key] = json!(list);
        }
    }
    if !image.user.is_empty() {
        run["User"] = json!(image.user);
    }
    if !image.labels.is_empty() {
        run["Labels"] = json!(image.labels);
    }
    let config: Value = json!({
        "architecture": architecture(),
        "os": "linux",
        "created": TIME,
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": layers},
        "history": history,
    });
    Ok(serde_json::to_vec(&config)?)
}

/// As Go calls it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
