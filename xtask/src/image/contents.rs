//! What lies in the image.

use std::{fmt, fs, path::Path};

use anyhow::{Context, Result};
use dpi_image::{Image, Layer};

use crate::{cache, workspace};

const RULES: &str = "usr/etc/snort/rules";

/// Which rules are in it.
pub(super) struct Rules {
    starter: usize,
    community: usize,
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files of starter rules; ", self.starter)?;
        match self.community {
            0 => f.write_str("no community rules: `cargo xtask fetch-rules` brings them"),
            files => write!(
                f,
                "{files} files of community rules (GPL: it holds for whoever passes the image on)"
            ),
        }
    }
}

/// The image of this program.
pub(super) fn image(name: &str, program: Vec<u8>) -> Result<(Image, Rules)> {
    let mut base = Layer::new();
    // Where a read-only root file system is mounted on.
    for (directory, mode) in [
        ("dev", 0o755),
        ("etc", 0o755),
        ("proc", 0o755),
        ("run/dpi-agent", 0o755),
        ("sys", 0o755),
        ("tmp", 0o1777),
    ] {
        base = base.directory(directory, mode);
    }
    base = base
        .file("usr/bin/dpi-agent", 0o755, program)
        // What `kubectl exec … -- tar` and `kubectl cp` run.
        .link("usr/bin/tar", "dpi-agent");
    let (rules, count) = rules()?;
    let labels = [
        ("org.opencontainers.image.title", "dpi-agent"),
        (
            "org.opencontainers.image.description",
            "Deep packet inspection for Kubernetes",
        ),
        ("org.opencontainers.image.licenses", "Apache-2.0"),
        (
            "org.opencontainers.image.version",
            env!("CARGO_PKG_VERSION"),
        ),
    ];
    let image = Image {
        name: name.to_owned(),
        // What changes most comes last.
        layers: vec![rules, base],
        entrypoint: vec!["/usr/bin/dpi-agent".to_owned()],
        command: vec!["node".to_owned()],
        environment: vec!["PATH=/usr/bin".to_owned()],
        user: String::new(),
        labels: labels
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
    };
    Ok((image, count))
}

/// Our own rules, and those of the community where they have been fetched.
fn rules() -> Result<(Layer, Rules)> {
    let (layer, starter) = add(Layer::new(), &workspace::root().join("rules"), RULES)?;
    let fetched = cache::dir()?.join("community-rules");
    let (layer, community) = if fetched.is_dir() {
        add(layer, &fetched, &format!("{RULES}/community"))?
    } else {
        (layer, 0)
    };
    Ok((layer, Rules { starter, community }))
}

/// Rule files of a folder; how many they are.
fn add(mut layer: Layer, from: &Path, to: &str) -> Result<(Layer, usize)> {
    let mut count = 0;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let kind = path.extension().and_then(|kind| kind.to_str());
        let (Some(name), Some("rules" | "config")) = (name, kind) else {
            continue;
        };
        layer = layer.file(&format!("{to}/{name}"), 0o644, fs::read(&path)?);
        count += usize::from(kind == Some("rules"));
    }
    Ok((layer, count))
}
