//! What alerts in a capture alerts however its TCP streams are cut, ordered, repeated or
//! fragmented; and where packets are missing, flows that miss none alert as before.
#![expect(
    clippy::print_stdout,
    reason = "the figures are printed for the record"
)]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use dpi_snort::detection::Detection;
use dpi_tests::{
    capture_file::CaptureFile,
    fidelity::{FlowFinding, capture_files, inspect, rules, test_data},
    recut::{Way, lose},
};
use tempfile::TempDir;

/// Rules whose verdict hangs on where a segment ends, and why. What else differs is a fault.
const HANG_ON_SEGMENTS: [(u32, &str); 4] = [
    (
        38355,
        "asks by isdataat whether a segment ends behind five bytes",
    ),
    (
        489,
        "looks for the end of a line, which an overlapping segment shows by itself",
    ),
    (
        1199,
        "plain content of an HTTP rule: looked for in the segments before the service is known",
    ),
    (
        2570,
        "asks what is not in an HTTP request; a raw segment is one before the service is known",
    ),
];

/// What the captures and rules are, and room to write.
struct Bench {
    captures: Vec<(PathBuf, CaptureFile)>,
    detection: Arc<Detection>,
    folder: TempDir,
}

impl Bench {
    fn open(what: &str) -> Option<Bench> {
        let Some(data) = test_data() else {
            println!("skipped: {what}: set DPI_TEST_DATA to the folder of shared data");
            return None;
        };
        let files = capture_files(&data).expect("captures");
        let read = files.into_iter().filter_map(|path| {
            let capture = CaptureFile::read(&fs::read(&path).expect("readable"));
            Some((path, capture.ok()?))
        });
        Some(Bench {
            captures: read.collect(),
            detection: rules(&data.join("rules")).expect("rules"),
            folder: TempDir::new().expect("a folder"),
        })
    }

    /// The rules that alert, and in which flows.
    fn flows(&self, capture: &CaptureFile) -> BTreeSet<FlowFinding> {
        let path = self.folder.path().join("capture.pcap");
        let mut file = Vec::new();
        capture.write(&mut file).expect("written to memory");
        fs::write(&path, file).expect("room for a capture");
        let inspected = inspect(&path, &self.detection).unwrap_or_else(|error| panic!("{error}"));
        inspected.flows
    }

    /// Captures in which something alerts, and what.
    fn alerting(&self) -> Vec<(&Path, &CaptureFile, BTreeSet<FlowFinding>)> {
        let all = self.captures.iter();
        let found = all.map(|(path, capture)| (path.as_path(), capture, self.flows(capture)));
        found.filter(|(_, _, flows)| !flows.is_empty()).collect()
    }
}

#[test]
fn alerts_do_not_depend_on_how_streams_are_cut() {
    let Some(bench) = Bench::open("captures cut anew") else {
        return;
    };
    let alerting = bench.alerting();
    let (mut listed, mut faults) = (String::new(), String::new());
    println!("\ncut anew                 captures segments  alerts missing extra on purpose");
    for way in Way::ALL {
        let (mut captures, mut segments, mut alerts) = (0, 0, 0);
        let [mut missing, mut extra, mut on_purpose] = [0; 3];
        for (path, capture, before) in &alerting {
            let recut = way.cut(capture);
            if recut.segments == 0 {
                continue;
            }
            let mut after = bench.flows(&recut.capture);
            // A fragment is searched by itself as well, by rules on IP, as of no flow.
            after.retain(|found| before.contains(found) || found.ends.0.port() != 0);
            captures += 1;
            segments += recut.segments;
            alerts += before.len();
            for finding in before.symmetric_difference(&after) {
                let is_missing = before.contains(finding);
                *(if is_missing { &mut missing } else { &mut extra }) += 1;
                let reason = HANG_ON_SEGMENTS.iter().find(|(sid, _)| *sid == finding.sid);
                on_purpose += usize::from(reason.is_some());
                let to = if reason.is_some() {
                    &mut listed
                } else {
                    &mut faults
                };
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let kind = if is_missing { "missing" } else { "extra" };
                let (sid, (a, b)) = (finding.sid, finding.ends);
                let _ = writeln!(to, "{way}: {kind} {name}:{sid} {a} {b}");
            }
        }
        let way = way.to_string();
        println!(
            "{way:<24} {captures:>8} {segments:>8} {alerts:>7} {missing:>7} {extra:>5} {on_purpose:>10}"
        );
        assert!(captures > 0, "{way}: no capture was cut");
    }
    println!("of these on purpose:\n{listed}");
    assert!(
        faults.is_empty(),
        "verdicts that hang on the cut:\n{faults}"
    );
}

#[test]
fn missing_packets_cost_no_more_than_their_own_flows() {
    let Some(bench) = Bench::open("captures with packets missing") else {
        return;
    };
    let alerting = bench.alerting();
    let mut faults = String::new();
    println!("\nper mille missing  packets   alerts  still found");
    for per_mille in [1, 10, 50] {
        let (mut lost, mut alerts, mut found) = (0, 0, 0);
        for (path, capture, before) in &alerting {
            let loss = lose(capture, per_mille, 1);
            let after = bench.flows(&loss.capture);
            lost += loss.missing;
            alerts += before.len();
            found += before.intersection(&after).count();
            for finding in before.symmetric_difference(&after) {
                if !loss.touches(finding.ends.0.ip(), finding.ends.1.ip()) {
                    let (sid, (a, b)) = (finding.sid, finding.ends);
                    let _ = writeln!(faults, "{per_mille}: {}:{sid} {a} {b}", path.display());
                }
            }
        }
        println!("{per_mille:>17} {lost:>8} {alerts:>8} {found:>12}");
    }
    assert!(
        faults.is_empty(),
        "verdicts on flows that miss nothing:\n{faults}"
    );
}
