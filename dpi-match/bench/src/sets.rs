//! What is searched for.

use std::collections::BTreeSet;

use crate::{corpora::Random, rules::FastPattern};

/// A set of different patterns.
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) patterns: Vec<(Vec<u8>, bool)>,
    /// Corpora that it is measured on.
    pub(crate) corpora: &'static [&'static str],
}

const WEB: &[&str] = &["api", "html", "js", "captures_http", "matches"];
const LARGE: &[&str] = &[
    "captures_http",
    "html",
    "js",
    "api",
    "adversarial",
    "matches",
];

/// Community groups as Snort would make them, merged ones, and made-up ones.
pub(crate) fn all(rules: &[FastPattern]) -> Vec<Set> {
    type Member = fn(&FastPattern) -> bool;
    let groups: [(&str, usize, &'static [&'static str], Member); 12] = [
        ("uri", 3, &["uri", "api", "adversarial"], |p| {
            p.buffer.contains("_uri")
        }),
        ("hdr", 2, &["head", "api"], |p| {
            p.buffer.contains("header") || p.buffer.contains("cookie")
        }),
        ("file", 2, &["html", "js", "api"], |p| {
            p.buffer == "file_data"
        }),
        ("body", 2, &["api"], |p| p.buffer == "http_client_body"),
        ("httppkt", 2, &["captures_http", "api"], |p| {
            p.http && p.buffer == "pkt_data" && p.to_server
        }),
        ("anypkt", 2, &["captures", "binary", "api"], |p| {
            p.protocol == "tcp" && !p.has_service && p.buffer == "pkt_data" && p.any_port
        }),
        (
            "http",
            2,
            &["captures_http", "api", "html", "matches"],
            |p| p.http,
        ),
        ("http", 4, &["captures_http", "api"], |p| p.http),
        ("pkt", 2, &["captures_http", "api"], |p| {
            p.buffer == "pkt_data"
        }),
        ("all", 2, LARGE, |_| true),
        ("all", 0, &["captures_http", "api"], |_| true),
        ("short", 0, &["captures_http", "api", "html"], |p| {
            p.bytes.len() <= 3
        }),
    ];
    let mut sets = Vec::new();
    for (name, longer, corpora, member) in groups {
        let patterns: BTreeSet<(Vec<u8>, bool)> = rules
            .iter()
            .filter(|pattern| member(pattern) && pattern.bytes.len() > longer)
            .map(|p| {
                let nocase = p.nocase && p.bytes.iter().any(u8::is_ascii_alphabetic);
                let bytes = if nocase {
                    p.bytes.to_ascii_lowercase()
                } else {
                    p.bytes.clone()
                };
                (bytes, nocase)
            })
            .collect();
        if !patterns.is_empty() {
            sets.push(set(format!("{name}>{longer}"), patterns, corpora));
        }
    }
    for size in [48, 200, 1_983, 5_616, 8_201, 25_460] {
        sets.push(set(format!("made>4 {size}"), made(size, 5), WEB));
    }
    sets.push(set("made>2 26310".to_owned(), made(26_310, 3), WEB));
    for size in [5, 40, 300] {
        sets.push(set(
            format!("made<4 {size}"),
            tiny(size),
            &["api", "html", "binary"],
        ));
    }
    sets
}

fn set(name: String, patterns: BTreeSet<(Vec<u8>, bool)>, corpora: &'static [&'static str]) -> Set {
    Set {
        name,
        patterns: patterns.into_iter().collect(),
        corpora,
    }
}

/// Literals like those of large rule sets: host names, paths, parameters, header lines,
/// machine code; no byte of them is anyone's rule.
fn made(count: usize, shortest: usize) -> BTreeSet<(Vec<u8>, bool)> {
    const PARTS: &[&str] = &[
        "gate", "panel", "admin", "update", "load", "cdn", "stat", "check", "login", "img", "api",
        "bot", "task", "file", "get", "mail", "shop", "news", "track", "data", "key", "install",
    ];
    const ENDS: &[&str] = &[
        ".com", ".net", ".info", ".top", ".php?", ".exe", "/", "=", ".xyz", ".js",
    ];
    const STARTS: &[&str] = &[
        "/",
        "?",
        "&",
        ".",
        "Host: ",
        "User-Agent: ",
        "X-",
        "/wp-content/",
        "",
    ];
    let mut random = Random(0x1234_5678);
    let mut all = BTreeSet::new();
    while all.len() < count {
        let mut bytes = Vec::new();
        let kind = random.below(10);
        if kind == 0 {
            let length = shortest + random.below(12);
            bytes.extend((0..length).map(|_| random.below(256) as u8));
        } else if kind == 1 && shortest < 5 && random.below(3) == 0 {
            let length = shortest + random.below(2);
            bytes.extend((0..length).map(|_| b'!' + random.below(94) as u8));
        } else {
            bytes.extend_from_slice(random.pick(STARTS).as_bytes());
            bytes.extend_from_slice(random.pick(PARTS).as_bytes());
            if kind < 6 {
                bytes.extend((0..4 + random.below(6)).map(|_| b'a' + random.below(26) as u8));
            } else {
                bytes.extend_from_slice(random.below(90_000).to_string().as_bytes());
            }
            bytes.extend_from_slice(random.pick(ENDS).as_bytes());
        }
        let nocase = random.below(10) < 6;
        if bytes.len() >= shortest {
            let bytes = if nocase {
                bytes.to_ascii_lowercase()
            } else {
                bytes
            };
            let nocase = nocase && bytes.iter().any(u8::is_ascii_alphabetic);
            all.insert((bytes, nocase));
        }
    }
    all
}

/// One to three bytes, as rules on binary protocols have them.
fn tiny(count: usize) -> BTreeSet<(Vec<u8>, bool)> {
    let mut random = Random(0x77);
    let mut all = BTreeSet::new();
    while all.len() < count {
        let length = if random.below(20) == 0 {
            1
        } else {
            2 + random.below(2)
        };
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                if random.below(2) == 0 {
                    random.below(32) as u8
                } else {
                    128 + random.below(128) as u8
                }
            })
            .collect();
        all.insert((bytes, false));
    }
    all
}
