//! How far the engine finds what Snort 3 finds, on shared captures and probes.
//!
//! `finding` says what is compared, `inspect` runs a capture through the engine, `sets`
//! does both for each set of the shared data, `language` compares which rule texts are
//! accepted, `snort2` runs rules in the older syntax, `known` reads the differences that are on
//! purpose, `table` prints. What Snort 3 found is in the data; nothing here is expected of
//! the engine by itself, and no share is asked for: that is the reader's judgement.

mod finding;
mod inspect;
mod known;
mod language;
mod sets;
mod snort2;
mod table;

use std::{
    env,
    path::{Path, PathBuf},
};

pub use self::{
    finding::{Finding, Kind},
    inspect::{FlowFinding, InspectError, Inspected, inspect, inspect_with, rules},
    known::{Known, KnownError},
    language::language,
    sets::{Comparison, Difference, PROBE_FAMILIES, capture_files, captures, probes, synthetic},
    snort2::snort2,
    table::table,
};

/// The folder of the shared test data: `DPI_TEST_DATA`, else beside the repository; `None`
/// where there is none.
pub fn test_data() -> Option<PathBuf> {
    let folder = env::var_os("DPI_TEST_DATA").map_or_else(
        || repository().join("../shared/data"),
        |folder| repository().join(folder),
    );
    folder.is_dir().then_some(folder)
}

/// The top folder of this repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
