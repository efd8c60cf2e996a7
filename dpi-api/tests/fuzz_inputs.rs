//! Every input kept for the fuzz targets of this crate.
//! `cargo xtask fuzz` looks for new ones.

use std::{fs, path::Path};

#[test]
fn selector() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let mut tried = 0;
    for folder in ["seeds/selector", "regressions/selector"] {
        let Ok(entries) = fs::read_dir(fuzz.join(folder)) else {
            continue;
        };
        for entry in entries {
            dpi_api::fuzz::fuzz_selector(&fs::read(entry.unwrap().path()).unwrap());
            tried += 1;
        }
    }
    assert!(tried >= 10, "only {tried} inputs");
}
