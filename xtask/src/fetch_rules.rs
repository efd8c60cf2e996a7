//! `cargo xtask fetch-rules`: the Snort 3 community rules, from their download or from
//! a file or folder, checked and unpacked into the cache. They are GPL: data to be
//! mounted beside the agent, never part of this repository.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use flate2::read::GzDecoder;

use crate::{cache, process};

const DOWNLOAD: &str = "https://www.snort.org/downloads/community/snort3-community-rules.tar.gz";
/// The community archive has about 5 MiB unpacked; more than this is something else.
const MAX_UNPACKED: u64 = 256 << 20;

/// Options of `fetch-rules`.
#[derive(Args)]
pub(crate) struct Options {
    /// Take them from this .rules file, .tar.gz archive or folder instead of the download
    #[arg(long)]
    from: Option<PathBuf>,
}

/// Fills the cache and says where the rules are.
pub(crate) fn run(options: &Options) -> Result<()> {
    let place = place()?;
    let unfinished = tempfile::Builder::new()
        .prefix("rules-")
        .tempdir_in(cache::dir()?)?;
    match &options.from {
        None => {
            let archive = unfinished.path().join("download.tar.gz");
            download(&archive)?;
            unpack(&archive, unfinished.path())?;
            fs::remove_file(&archive)?;
        }
        Some(from) => take(from, unfinished.path())?,
    }
    let rules = count_rules(unfinished.path())?;
    if rules == 0 {
        bail!(
            "no rule in what was given: nothing is replaced in {}",
            place.display()
        );
    }
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::rename(unfinished.keep(), &place)?;
    println!("{rules} rules in {}", place.display());
    Ok(())
}

fn place() -> Result<PathBuf> {
    Ok(cache::dir()?.join("community-rules"))
}

fn download(archive: &Path) -> Result<()> {
    let mut command = Command::new("curl");
    command.args([
        "--fail",
        "--location",
        "--show-error",
        "--retry",
        "3",
        "--max-time",
        "300",
        "--output",
    ]);
    process::run(command.arg(archive).arg(DOWNLOAD)).with_context(|| {
        format!(
            "cannot download {DOWNLOAD}; with the file at hand: cargo xtask fetch-rules --from FILE"
        )
    })
}

fn take(from: &Path, into: &Path) -> Result<()> {
    if from.is_dir() {
        return copy_rules(from, into);
    }
    match from.extension().and_then(OsStr::to_str) {
        Some("gz" | "tgz") => unpack(from, into),
        Some("rules") => {
            let name = from.file_name().unwrap_or(OsStr::new("community.rules"));
            fs::copy(from, into.join(name))
                .with_context(|| format!("cannot read {}", from.display()))?;
            Ok(())
        }
        _ => bail!(
            "{}: neither a folder nor a .rules, .tar.gz or .tgz file",
            from.display()
        ),
    }
}

/// Rule and configuration files of an archive, flat; everything else is left out, so that
/// no path of the archive is trusted.
fn unpack(archive: &Path, into: &Path) -> Result<()> {
    let file = File::open(archive).with_context(|| format!("cannot read {}", archive.display()))?;
    let mut tar = tar::Archive::new(GzDecoder::new(file).take(MAX_UNPACKED));
    for entry in tar.entries().context("not a tar archive")? {
        let mut entry = entry.with_context(|| format!("{} is damaged", archive.display()))?;
        let name = entry.path()?.file_name().map(OsStr::to_os_string);
        if let Some(name) =
            name.filter(|name| entry.header().entry_type().is_file() && wanted(Path::new(name)))
        {
            entry.unpack(into.join(name))?;
        }
    }
    Ok(())
}

fn copy_rules(from: &Path, into: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file() && wanted(&path)) {
            fs::copy(&path, into.join(name))?;
        }
    }
    Ok(())
}

fn wanted(path: &Path) -> bool {
    matches!(
        path.extension().and_then(OsStr::to_str),
        Some("rules" | "config" | "map")
    )
}

fn count_rules(folder: &Path) -> Result<usize> {
    let mut rules = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().and_then(OsStr::to_str) == Some("rules") {
            let text = fs::read(&path)?;
            rules += text
                .split(|byte| *byte == b'\n')
                .filter(|line| line.windows(4).any(|w| w == b"sid:"))
                .count();
        }
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{count_rules, take, wanted};

    #[test]
    fn only_rule_files_are_wanted() {
        for (name, expected) in [
            ("snort3-community.rules", true),
            ("classification.config", true),
            ("sid-msg.map", true),
            ("LICENSE", false),
            ("run.sh", false),
        ] {
            assert_eq!(wanted(name.as_ref()), expected, "{name}");
        }
    }

    #[test]
    fn a_folder_is_taken_and_counted() {
        let from = tempfile::tempdir().unwrap();
        let into = tempfile::tempdir().unwrap();
        fs::write(
            from.path().join("a.rules"),
            "alert tcp (sid:1;)\n# note\nalert tcp (sid:2;)\n",
        )
        .unwrap();
        fs::write(from.path().join("b.txt"), "alert tcp (sid:3;)\n").unwrap();
        take(from.path(), into.path()).unwrap();
        assert_eq!(count_rules(into.path()).unwrap(), 2);
    }

    #[test]
    fn other_files_are_refused_by_name() {
        let error = take("notes.txt".as_ref(), "/nowhere".as_ref()).unwrap_err();
        assert!(error.to_string().contains("notes.txt"));
    }
}
