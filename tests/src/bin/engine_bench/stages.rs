//! What each stage of the engine costs: instructions, counted by callgrind and booked on the
//! source file that they come from, so that inlining does not move them.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
    process::Command,
};

use anyhow::{Context as _, Result, bail};

/// Stages by the folder or file that their instructions come from; the first that fits.
const STAGES: [(&str, &str); 14] = [
    ("dpi-snort/src/codecs", "decode"),
    ("dpi-snort/src/packet.rs", "decode"),
    ("dpi-snort/src/flow", "flow"),
    ("dpi-snort/src/stream", "reassembly"),
    ("dpi-snort/src/service_inspectors/wizard", "wizard"),
    ("dpi-snort/src/service_inspectors", "normalise"),
    ("dpi-match/src/pcre", "rule evaluation"),
    ("dpi-match/src", "fast pattern search"),
    ("dpi-snort/src/detection/events.rs", "output"),
    ("dpi-snort/src/filters", "output"),
    ("dpi-snort/src/detection", "rule evaluation"),
    ("dpi-snort/src/ips_options", "rule evaluation"),
    ("dpi-snort/src/engine", "engine"),
    ("pcre2", "rule evaluation"),
];
/// The order in which a packet meets them.
const ORDER: [&str; 9] = [
    "decode",
    "flow",
    "reassembly",
    "wizard",
    "normalise",
    "fast pattern search",
    "rule evaluation",
    "output",
    "engine",
];
/// Code of the compiler's and the system's libraries that no stage's function holds.
const LIBRARIES: &str = "libraries (memory, copies)";

/// Runs this program under callgrind and prints the table.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of instructions far below 2^52"
)]
pub(crate) fn measure(rules: &Path) -> Result<()> {
    let out = tempfile::NamedTempFile::new()?;
    let own = std::env::current_exe()?;
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--collect-atstart=no"])
        .arg("--toggle-collect=*captures*inspect*")
        .arg(format!("--callgrind-out-file={}", out.path().display()))
        .arg(own)
        .args(["pcap", "--once", "--rules"])
        .arg(rules)
        .output();
    let run = run.context("valgrind cannot be run: install it (apt-get install valgrind)")?;
    let said = String::from_utf8_lossy(&run.stdout);
    if !run.status.success() {
        bail!("callgrind: {}", String::from_utf8_lossy(&run.stderr));
    }
    let bytes: f64 = said.trim().parse().context("bytes of the captures")?;
    let stages = add_up(&fs::read_to_string(out.path())?);
    let sum: u64 = stages.values().sum();
    println!("{:<28} {:>18} {:>7}", "stage", "instructions/byte", "share");
    for stage in ORDER.into_iter().chain([LIBRARIES]) {
        let cost = stages.get(stage).copied().unwrap_or(0) as f64;
        let share = 100.0 * cost / sum as f64;
        println!("{stage:<28} {:>18.2} {share:>6.1}%", cost / bytes);
    }
    println!("{:<28} {:>18.2}", "all", sum as f64 / bytes);
    Ok(())
}

/// Instructions of each stage in callgrind's file (its manual, "Callgrind Format
/// Specification"). Code of a library counts for the stage into whose function it is inlined.
fn add_up(profile: &str) -> BTreeMap<&'static str, u64> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut stages = BTreeMap::new();
    let (mut function, mut inlined) = (LIBRARIES, LIBRARIES);
    let mut is_call = false;
    for line in profile.lines() {
        if let Some((key, name)) = line.split_once('=').filter(|(key, _)| key.len() == 2) {
            let mut place = || stage_of(name, &mut names);
            match key {
                "fl" => {
                    function = place();
                    inlined = function;
                }
                "fi" | "fe" => inlined = place(),
                _ => {}
            }
            continue;
        }
        if line.starts_with("cfi=") || line.starts_with("cfl=") {
            stage_of(&line[4..], &mut names);
            continue;
        }
        if line.starts_with("calls=") {
            // The next line is what the call cost, which is booked in the callee.
            is_call = true;
            continue;
        }
        let Some(cost) = cost_of(line) else { continue };
        if std::mem::take(&mut is_call) {
            continue;
        }
        let stage = if inlined == LIBRARIES {
            function
        } else {
            inlined
        };
        *stages.entry(stage).or_insert(0) += cost;
    }
    stages
}

/// The instructions of a line of costs: where, and how many.
fn cost_of(line: &str) -> Option<u64> {
    let (place, cost) = line.split_once(' ')?;
    let is_place = place.starts_with(['+', '-', '*']) || place.bytes().all(|b| b.is_ascii_digit());
    is_place.then(|| cost.trim().parse().ok())?
}

/// The stage of a file, given as `(number) path`, later as `(number)` alone.
fn stage_of<'p>(text: &'p str, names: &mut HashMap<&'p str, &'p str>) -> &'static str {
    let (number, path) = text.split_once(' ').unwrap_or((text, ""));
    if !path.is_empty() {
        names.insert(number, path);
    }
    let path = names.get(number).copied().unwrap_or_default();
    let stage = STAGES.iter().find(|(part, _)| path.contains(part));
    stage.map_or(LIBRARIES, |(_, stage)| stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_booked_on_the_files_they_come_from() {
        let profile = "events: Ir\n\
            fl=(1) /x/dpi-snort/src/codecs/walk.rs\n\
            fn=(1) decode\n\
            10 5\n\
            +1 7\n\
            fi=(2) /rust/library/core/src/slice.rs\n\
            90 3\n\
            fi=(3) /x/dpi-snort/src/flow/key.rs\n\
            * 11\n\
            fe=(1)\n\
            12 1\n\
            cfi=(4) /x/dpi-match/src/sieve/kernel.rs\n\
            cfn=(2) scan\n\
            calls=3 40\n\
            13 1000\n\
            \n\
            fl=(4)\n\
            fn=(2)\n\
            40 1000\n\
            fl=(5) ???\n\
            fn=(3) memcpy\n\
            0 50\n\
            totals: 1077\n";
        let expected = [
            ("decode", 16),
            ("flow", 11),
            ("fast pattern search", 1000),
            (LIBRARIES, 50),
        ];
        assert_eq!(add_up(profile), expected.into_iter().collect());
    }
}
