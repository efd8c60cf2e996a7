//! Every input kept for the fuzz targets of this crate, as it is and slightly changed.
//! `cargo xtask fuzz` looks for new ones.

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use dpi_snort::{
    Config,
    detection::Detection,
    fuzz,
    parser::{ClassificationConfig, Variables, parse_files},
};

/// Changed copies tried of each input.
const VARIANTS: u64 = 8;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Calls `entry` with each seed and regression of a target, and with changed copies. An
/// input that fails is named.
fn replay(target: &str, entry: impl Fn(&[u8])) {
    let fuzz = repository().join("fuzz");
    let seeds = files(&fuzz.join("seeds").join(target));
    assert!(seeds.len() >= 10, "{target}: only {} seeds", seeds.len());
    let regressions = files(&fuzz.join("regressions").join(target));
    for path in seeds.iter().chain(&regressions) {
        let input = fs::read(path).unwrap();
        let _named = Named(path);
        entry(&input);
        for variant in 1..=VARIANTS {
            entry(&changed(&input, variant));
        }
    }
}

/// Says which input was at work when a test panics.
struct Named<'a>(&'a Path);

impl Drop for Named<'_> {
    #[expect(clippy::print_stderr, reason = "a failing test names its input")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("input: {}", self.0.display());
        }
    }
}

/// A copy with bytes changed, removed and doubled by a fixed sequence (xorshift64).
fn changed(input: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below.max(1)
    };
    let mut bytes = input.to_vec();
    for _ in 0..=random(6) {
        let at = random(bytes.len());
        let end = (at + 1 + random(8)).min(bytes.len());
        match random(4) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random(8),
            1 if !bytes.is_empty() => bytes[at] = u8::try_from(random(256)).unwrap(),
            2 if at < end => drop(bytes.drain(at..end)),
            _ => {
                let piece = bytes.get(at..end).unwrap_or_default().to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

fn starter_rules() -> Arc<Detection> {
    let texts: Vec<Vec<u8>> = files(&repository().join("rules"))
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rules"))
        .map(|path| fs::read(path).unwrap())
        .collect();
    let ruleset = parse_files(
        texts.iter().map(|text| ("starter.rules", text.as_slice())),
        &Variables::stock(),
        &ClassificationConfig::default(),
        Arc::default(),
    );
    assert!(ruleset.errors.is_empty(), "{}", ruleset.errors[0]);
    let (detection, _) = Detection::compile(ruleset, &Config::default()).unwrap();
    Arc::new(detection)
}

#[test]
fn rules() {
    replay("rules", fuzz::rules);
}

#[test]
fn options() {
    let alerts = Cell::new(0);
    replay("options", |data| {
        alerts.set(alerts.get() + fuzz::options(data));
    });
    assert!(alerts.get() >= 30, "only {} alerts", alerts.get());
}

#[test]
fn pcre() {
    let alerts = Cell::new(0);
    replay("pcre", |data| {
        alerts.set(alerts.get() + fuzz::pcre(data));
    });
    assert!(alerts.get() >= 30, "only {} alerts", alerts.get());
}

#[test]
fn frame() {
    let detection = starter_rules();
    let alerts = Cell::new(0);
    replay("frame", |data| {
        alerts.set(alerts.get() + fuzz::frames(&detection, data));
    });
    assert!(alerts.get() >= 30, "only {} alerts", alerts.get());
}

#[test]
fn engine() {
    let detection = starter_rules();
    let alerts = Cell::new(0);
    replay("engine", |data| {
        alerts.set(alerts.get() + fuzz::stream(&detection, data));
    });
    assert!(alerts.get() >= 30, "only {} alerts", alerts.get());
}

#[test]
fn http() {
    replay("http", fuzz::http);
    replay("http2", fuzz::http2);
    replay("websocket", fuzz::websocket);
}

#[test]
fn wizard() {
    replay("wizard", fuzz::wizard);
}

#[test]
fn dce() {
    replay("dce", fuzz::dce);
    replay("smb", fuzz::smb);
}

#[test]
fn mail() {
    replay("mail", fuzz::mail);
}

#[test]
fn sip() {
    replay("sip", fuzz::sip);
}

#[test]
fn ssl() {
    replay("ssl", fuzz::ssl);
}
