//! Seeds of the fuzz targets and every input that once failed.
//!
//! Not for Miri, which reads no files and calls no C library.
#![cfg(not(miri))]

use std::{fs, path::Path};

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 3] = [
    ("match_engines", dpi_match::fuzz::engines),
    ("match_chunks", dpi_match::fuzz::chunks),
    ("match_pcre", dpi_match::fuzz::pcre),
];

#[test]
#[expect(clippy::print_stderr, reason = "what is left out is said, and why")]
fn kept_inputs_pass() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    for (target, run) in TARGETS {
        if target == "match_pcre" && std::env::var_os("DPI_MATCH_NO_JIT").is_some() {
            eprintln!("DPI_MATCH_NO_JIT is set: the inputs of {target} want machine code");
            continue;
        }
        let mut inputs = 0;
        for kind in ["seeds", "regressions"] {
            // A target without failures has no such folder.
            let Ok(folder) = fs::read_dir(fuzz.join(kind).join(target)) else {
                continue;
            };
            for entry in folder {
                let path = entry.expect("an entry of the folder").path();
                run(&fs::read(&path).expect("a readable file"));
                inputs += 1;
            }
        }
        assert!(inputs > 0, "no seeds of {target}");
    }
}
