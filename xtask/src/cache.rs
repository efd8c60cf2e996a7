//! The cache outside the checkout: what is costly to build or to fetch, keyed by version.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

/// `DPI_CACHE`, else `$XDG_CACHE_HOME/dpi-agent`, else `~/.cache/dpi-agent`. Made if absent.
pub(crate) fn dir() -> Result<PathBuf> {
    let path = if let Some(path) = std::env::var_os("DPI_CACHE") {
        PathBuf::from(path)
    } else if let Some(base) = std::env::var_os("XDG_CACHE_HOME") {
        PathBuf::from(base).join("dpi-agent")
    } else {
        let home = std::env::var_os("HOME")
            .context("neither DPI_CACHE nor HOME is set: set DPI_CACHE to a writable directory")?;
        PathBuf::from(home).join(".cache/dpi-agent")
    };
    fs::create_dir_all(&path).with_context(|| {
        format!(
            "cannot make the cache {}: set DPI_CACHE to a writable directory",
            path.display()
        )
    })?;
    Ok(path)
}
