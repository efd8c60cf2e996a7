//! Files and folders: lengths, module documentation, where `unsafe` may be, and what is
//! data of others and does not belong here.

use super::{Finding, report, source::Source};

/// Lines of a file without its tests.
const MAX_LINES: usize = 600;
const MAX_FILE_BYTES: usize = 512 << 10;
/// Folders whose code may hold `unsafe`.
const UNSAFE_ALLOWED: &[&str] = &[
    "dpi-ebpf/",
    "dpi-common/",
    "dpi-match/",
    "dpi-capture/",
    "tests/",
];
const FORBID_UNSAFE: &[&str] = &[
    "dpi-snort/src/lib.rs",
    "dpi-api/src/lib.rs",
    "dpi-agent/src/lib.rs",
    "dpi-image/src/lib.rs",
    "xtask/src/main.rs",
];
const FOREIGN_DATA: &[&str] = &["pcap", "pcapng", "cap"];

/// Rules on one file.
pub(super) fn check(file: &Source, findings: &mut Vec<Finding>) {
    if file
        .extension()
        .is_some_and(|extension| FOREIGN_DATA.contains(&extension))
    {
        report(
            findings,
            file,
            1,
            "captures are not committed: write a conversation (.t) instead",
        );
    }
    if file.size > MAX_FILE_BYTES && file.path != "Cargo.lock" {
        report(
            findings,
            file,
            1,
            format!("{} bytes; at most {MAX_FILE_BYTES}", file.size),
        );
    }
    if file.is_rust() {
        check_rust(file, findings);
    }
    if file.path.starts_with("rules/") && file.extension() == Some("rules") {
        check_rules(file, findings);
    }
}

fn check_rust(file: &Source, findings: &mut Vec<Finding>) {
    let text = file.text.as_deref().unwrap_or_default();
    if !file.is_test() && file.code_lines() > MAX_LINES {
        let what = format!(
            "{} lines without tests; at most {MAX_LINES}: split it",
            file.code_lines()
        );
        report(findings, file, MAX_LINES, what);
    }
    let documented = text
        .lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with("#!"));
    if !file.is_test() && !documented.is_some_and(|line| line.starts_with("//!")) {
        report(
            findings,
            file,
            1,
            "no //! line at the top that says what the file is",
        );
    }
    if !UNSAFE_ALLOWED
        .iter()
        .any(|folder| file.path.starts_with(folder))
    {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains(concat!("unsafe", " {"))
                || code.contains(concat!("unsafe", " fn"))
                || code.contains(concat!("unsafe", " impl"))
            {
                report(
                    findings,
                    file,
                    number + 1,
                    "unsafe is not allowed in this crate",
                );
            }
        }
    }
    if file.path.ends_with("/mod.rs") && !file.is_test() {
        let lines = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .count();
        if !(1..=20).contains(&lines) {
            report(
                findings,
                file,
                1,
                format!("{lines} lines of //!: say in 1 to 20 what the folder is and is not"),
            );
        }
    }
}

/// Starter rules have numbers of the range for local rules.
fn check_rules(file: &Source, findings: &mut Vec<Finding>) {
    for (number, line) in file.text.as_deref().unwrap_or_default().lines().enumerate() {
        let Some((_, rest)) = line.split_once("sid:") else {
            continue;
        };
        let digits: String = rest
            .trim_start()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        if !digits
            .parse::<u32>()
            .is_ok_and(|sid| (9_000_000..10_000_000).contains(&sid))
        {
            report(
                findings,
                file,
                number + 1,
                "starter rules have a sid from 9000000 to 9999999",
            );
        }
    }
}

/// Rules on the root file of each crate.
pub(super) fn check_crates(files: &[Source], findings: &mut Vec<Finding>) {
    for path in FORBID_UNSAFE {
        let found = files.iter().find(|file| file.path == *path);
        let forbids = found
            .and_then(|file| file.text.as_deref())
            .is_some_and(|text| text.contains("#![forbid(unsafe_code)]"));
        if !forbids {
            findings.push(Finding {
                file: (*path).to_owned(),
                line: 1,
                what: "missing #![forbid(unsafe_code)]".to_owned(),
            });
        }
    }
}
