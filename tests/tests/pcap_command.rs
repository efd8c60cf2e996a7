//! `dpi-agent pcap` and `dpi-agent rules check` as commands: what they print for good input
//! (compared with committed files) and what they say of bad input.
//!
//! After a wanted change of the output, `UPDATE_GOLDEN=1` writes the committed files anew.

#![expect(clippy::print_stdout, reason = "what was skipped is printed")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use dpi_tests::{
    capture_file::CaptureFile,
    conversation::{Conversation, Delivery},
    fidelity::repository,
};
use serde_json::Value;
use tempfile::TempDir;

/// Conversations of the golden captures, in the order in which they are given.
const CASES: [&str; 4] = ["http", "udp", "icmp", "icmp6"];

fn cases() -> PathBuf {
    repository().join("tests/cases/pcap_command")
}

/// A folder with the golden captures and rules, where the command runs: so paths in its
/// output are the same everywhere.
struct Place {
    folder: TempDir,
    agent: PathBuf,
}

impl Place {
    /// `None`, with a notice, where no agent was built.
    fn new() -> Option<Place> {
        let Some(agent) = env::var_os("DPI_AGENT") else {
            println!("skipped: the commands pcap and rules check: set DPI_AGENT to dpi-agent");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in CASES {
            let frames = conversation(name).frames(&Delivery::default());
            let mut file = Vec::new();
            let capture = CaptureFile::of_frames(frames);
            capture.write(&mut file).expect("a write to memory");
            fs::write(folder.path().join(format!("{name}.pcap")), file).expect("room");
        }
        for name in ["golden.rules", "mixed.rules"] {
            fs::copy(cases().join(name), folder.path().join(name)).expect("a committed file");
        }
        Some(Place {
            folder,
            agent: agent.into(),
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(&self.agent)
            .args(arguments)
            .current_dir(&self.folder)
            .output()
            .unwrap_or_else(|e| panic!("{}: {e}", self.agent.display()))
    }

    /// Runs `pcap` with the golden rules; alerts go to `out.json`.
    fn pcap(&self, files: &[&str]) -> Output {
        let mut arguments = vec!["pcap", "--rules", "golden.rules", "--output", "out.json"];
        arguments.extend(files);
        self.run(&arguments)
    }

    /// The rules and files of the alerts in `out.json`.
    fn alerts(&self) -> Vec<(u64, String)> {
        let text = fs::read_to_string(self.path("out.json")).expect("the output");
        let alert = |line: &str| {
            let value: Value = serde_json::from_str(line).expect("a JSON object a line");
            let sid = value["alert"]["signature_id"].as_u64().expect("a sid");
            (
                sid,
                value["pcap_filename"].as_str().unwrap_or("").to_owned(),
            )
        };
        text.lines().map(alert).collect()
    }
}

fn conversation(name: &str) -> Conversation {
    let path = cases().join(format!("{name}.t"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Conversation::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Lines on standard error that are not log lines of the run itself.
fn complaints(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().map(str::to_owned).collect()
}

fn assert_golden(name: &str, printed: &str) {
    let path = cases().join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, printed).expect("a writable checkout");
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(
        printed == golden,
        "{} differs (UPDATE_GOLDEN=1 writes it anew):\n{printed}",
        path.display()
    );
}

#[test]
fn alerts_are_written_as_committed() {
    let Some(place) = Place::new() else { return };
    let captures = CASES.map(|name| format!("{name}.pcap"));
    for format in ["json", "fast"] {
        let mut arguments = vec!["pcap", "--rules", "golden.rules", "--format", format];
        arguments.extend(["--output", "out"]);
        arguments.extend(captures.iter().map(String::as_str));
        let to_file = place.run(&arguments);
        assert_eq!(to_file.status.code(), Some(0), "{:?}", complaints(&to_file));
        assert_eq!(complaints(&to_file), Vec::<String>::new());
        let written = fs::read_to_string(place.path("out")).expect("the output");
        assert_golden(&format!("alerts.{format}"), &written);
        // To standard output the same, and each file begins with fresh state.
        arguments[6] = "-";
        let to_stdout = place.run(&arguments);
        assert!(to_stdout.stdout == written.as_bytes(), "{format}");
    }
}

#[test]
fn icmp_alerts_have_type_and_code() {
    let Some(place) = Place::new() else { return };
    assert!(place.pcap(&["icmp.pcap", "icmp6.pcap"]).status.success());
    let text = fs::read_to_string(place.path("out.json")).expect("the output");
    let fields: Vec<_> = text
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("JSON");
            (
                value["icmp_type"].as_u64(),
                value["icmp_code"].as_u64(),
                value["src_port"].as_u64(),
                value["community_id"].is_string(),
            )
        })
        .collect();
    let expected = [
        (Some(3), Some(1), None, true),
        (Some(128), Some(0), None, true),
    ];
    assert_eq!(fields, expected);
}

#[test]
fn rules_check_reports_as_committed() {
    let Some(place) = Place::new() else { return };
    for format in ["json", "text"] {
        let arguments = ["rules", "check", "--format", format, "mixed.rules"];
        let checked = place.run(&arguments);
        assert_eq!(checked.status.code(), Some(2));
        let printed = String::from_utf8(checked.stdout).expect("UTF-8");
        assert_golden(&format!("rules_check.{format}"), &printed);
    }
    let clean = place.run(&["rules", "check", "golden.rules"]);
    assert_eq!(clean.status.code(), Some(0));
}

/// A capture's name, its bytes, what is said of it, and how many alerts are found before it
/// ends.
type BadCapture<'a> = (&'a str, Option<&'a [u8]>, &'a [&'a str], usize);

#[test]
fn a_bad_capture_is_named_and_the_others_are_done() {
    let Some(place) = Place::new() else { return };
    let http = fs::read(place.path("http.pcap")).expect("the capture just written");
    let mut other_link = http.clone();
    // Link type 105 is IEEE 802.11, in the file's header at byte 20.
    other_link[20..24].copy_from_slice(&105_u32.to_le_bytes());
    let cases: [BadCapture<'_>; 6] = [
        (
            "cut.pcap",
            Some(&http[..http.len() - 3]),
            &[
                "cut short behind packet 9",
                "only what precedes was inspected",
            ],
            2,
        ),
        (
            "header.pcap",
            Some(&http[..10]),
            &["cut short", "at byte 0"],
            0,
        ),
        ("empty.pcap", Some(b""), &["cut short", "at byte 0"], 0),
        (
            "wlan.pcap",
            Some(&other_link),
            &["link type 105", "not decoded", "Ethernet"],
            0,
        ),
        (
            "notes.txt",
            Some(b"# Not a capture at all, but a text of some length.\n"),
            &["neither pcap nor pcapng", "editcap"],
            0,
        ),
        ("absent.pcap", None, &["cannot be read", "No such file"], 0),
    ];
    for (name, bytes, said, alerts) in cases {
        if let Some(bytes) = bytes {
            fs::write(place.path(name), bytes).expect("room");
        }
        let output = place.pcap(&["udp.pcap", name, "icmp.pcap"]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let complaints = complaints(&output);
        assert_eq!(complaints.len(), 1, "{name}: {complaints:?}");
        for words in [&[name], said].concat() {
            assert!(complaints[0].contains(words), "{words}: {complaints:?}");
        }
        let of = |file: &str| place.alerts().iter().filter(|a| a.1 == file).count();
        let found = (of("udp.pcap"), of(name), of("icmp.pcap"));
        assert_eq!(found, (1, alerts, 1), "{name}");
    }
}

#[test]
fn a_bad_rule_file_is_named_and_the_others_are_used() {
    let Some(place) = Place::new() else { return };
    let output = place.run(&[
        "pcap",
        "--rules",
        "absent.rules",
        "--rules",
        "mixed.rules",
        "--rules",
        "golden.rules",
        "--output",
        "out.json",
        "icmp.pcap",
    ]);
    assert_eq!(output.status.code(), Some(2));
    let complaints = complaints(&output);
    let expected = [
        ["absent.rules", "cannot read", "No such file"],
        ["mixed.rules:4", "9900013", "bogus"],
        ["mixed.rules:5", "9900014", "70000"],
        ["mixed.rules:6", "9900015", "no_such_option"],
    ];
    assert_eq!(complaints.len(), expected.len(), "{complaints:?}");
    for (line, words) in complaints.iter().zip(expected) {
        for word in words {
            assert!(line.contains(word), "{word}: {line}");
        }
    }
    assert_eq!(place.alerts(), [(9_900_004, "icmp.pcap".to_owned())]);
}

#[test]
fn without_any_rule_file_nothing_is_begun() {
    let Some(place) = Place::new() else { return };
    let output = place.run(&["pcap", "--rules", "absent.rules", "icmp.pcap"]);
    assert_eq!(output.status.code(), Some(2));
    let said = complaints(&output).join("\n");
    assert!(
        said.contains("absent.rules") && said.contains("--rules PATH"),
        "{said}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let Some(place) = Place::new() else { return };
    let mut outputs = vec![("absent/out.json", "No such file")];
    if Path::new("/dev/full").exists() {
        outputs.push(("/dev/full", "No space left"));
    } else {
        println!("skipped: a full output: no /dev/full here");
    }
    for (name, reason) in outputs {
        let output = place.run(&[
            "pcap",
            "--rules",
            "golden.rules",
            "--output",
            name,
            "icmp.pcap",
        ]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let complaints = complaints(&output);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        for words in [name, reason, "--output"] {
            assert!(complaints[0].contains(words), "{words}: {complaints:?}");
        }
    }
}
