//! Makes `dpi-match/src/sieve/bigrams.bin`, by which windows are chosen.
//!
//! `bigrams OUTPUT NAME=PATH...`: each class is a file, or a folder read recursively by
//! sorted path, of which the first 16 MiB count. All classes weigh the same.
#![expect(
    clippy::print_stderr,
    reason = "a command line tool speaks to the person at the terminal"
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares of counts"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

const SYMBOLS: usize = 128;
const MAX_BYTES: usize = 16 << 20;
/// Of one file, so that a folder of few large files is not one of them.
const MAX_FILE_BYTES: usize = 1 << 20;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let output = arguments.next().context("name the file to write first")?;
    let mut shares = vec![0f64; SYMBOLS * SYMBOLS];
    let mut classes = 0u32;
    for argument in arguments {
        let (name, path) = argument
            .split_once('=')
            .with_context(|| format!("{argument:?} is not NAME=PATH"))?;
        let counts = count(Path::new(path))?;
        let total: u64 = counts.iter().sum();
        if total == 0 {
            bail!("{path} has no bytes");
        }
        eprintln!("{name}: {total} pairs");
        for (share, count) in shares.iter_mut().zip(counts) {
            *share += count as f64 / total as f64;
        }
        classes += 1;
    }
    if classes == 0 {
        bail!("no classes: add NAME=PATH arguments");
    }
    let table: Vec<u8> = shares
        .iter()
        .map(|share| eighths_of_bits(share / f64::from(classes)))
        .collect();
    fs::write(&output, table).with_context(|| format!("cannot write {output}"))
}

/// −log₂ in eighths, at most 255.
fn eighths_of_bits(share: f64) -> u8 {
    let eighths = (-share.log2() * 8.0).round();
    if eighths < 255.0 { eighths as u8 } else { 255 }
}

fn count(path: &Path) -> Result<Vec<u64>> {
    let mut counts = vec![0u64; SYMBOLS * SYMBOLS];
    let mut left = MAX_BYTES;
    for file in files(path)? {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let bytes = &bytes[..bytes.len().min(left).min(MAX_FILE_BYTES)];
        for pair in bytes.windows(2) {
            counts[symbol(pair[0]) * SYMBOLS + symbol(pair[1])] += 1;
        }
        left -= bytes.len();
        if left == 0 {
            break;
        }
    }
    Ok(counts)
}

/// A byte without the bit that tells upper from lower case.
fn symbol(byte: u8) -> usize {
    usize::from(byte & 0x1f | byte >> 1 & 0x60)
}

fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let list = fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
    for entry in list {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else if entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
