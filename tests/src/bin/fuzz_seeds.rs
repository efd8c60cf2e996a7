//! Writes `fuzz/seeds/`: inputs from which fuzzing begins, made of the starter rules and
//! their conversations. Run it after a change of an input format of `dpi_snort::fuzz`.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use dpi_tests::{
    conversation::{Conversation, Delivery, Protocol, Side},
    fidelity::repository,
    kernel_frames::{Ipv4, ethernet, tagged},
};

/// Of so many cases one becomes a seed.
const ONE_OF: usize = 6;
/// The longest seed in bytes: longer ones only slow a fuzzer down.
const LONGEST: usize = 3000;
const SELECTORS: [&str; 14] = [
    "all()",
    "global()",
    "app == 'red'",
    "app != \"blue\" && tier in {'front', 'back'}",
    "has(app) || !has(tier)",
    "!(a == 'b' || c not in {'d'})",
    "name contains 'web'",
    "name starts with 'web' && name ends with '-1'",
    "projectcalico.org/namespace == 'default'",
    "pcns.team == 'blue' && pcsa.role == 'admin'",
    "a in {}",
    "((a=='b'))",
    "a == 'b' &&",
    "",
];

fn main() -> Result<(), Box<dyn Error>> {
    let seeds = Seeds(repository().join("fuzz/seeds"));
    for (number, text) in SELECTORS.iter().enumerate() {
        seeds.write("selector", &number.to_string(), text.as_bytes())?;
    }
    rules(&seeds)?;
    let mut cases: Vec<PathBuf> = fs::read_dir(repository().join("tests/cases/starter"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    cases.sort();
    for case in cases.iter().step_by(ONE_OF) {
        conversation(&seeds, case)?;
    }
    seeds.write("frame", "vlan-and-fragments", &fragments())?;
    Ok(())
}

struct Seeds(PathBuf);

impl Seeds {
    fn write(&self, target: &str, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        if bytes.len() > LONGEST {
            return Ok(());
        }
        let folder = self.0.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)
    }
}

/// Each sixth starter rule, a file each.
fn rules(seeds: &Seeds) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(repository().join("rules"))? {
        let path = entry?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != "rules")
        {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for rule in text.split("\nalert ").skip(1).step_by(ONE_OF) {
            let end = rule.find(";)").map_or(rule.len(), |at| at + 2);
            let sid = rule.split("sid:").nth(1).unwrap_or_default();
            let sid = sid.split(';').next().unwrap_or_default();
            let rule = format!("alert {}\n", &rule[..end]);
            seeds.write("rules", sid, rule.as_bytes())?;
        }
    }
    let own = repository().join("tests/cases/pcap_command");
    for name in ["golden.rules", "mixed.rules"] {
        seeds.write("rules", name, &fs::read(own.join(name))?)?;
    }
    Ok(())
}

/// A case as a stream, as frames, and as an HTTP connection.
fn conversation(seeds: &Seeds, case: &Path) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(case.join("fires.t"))?;
    let conversation = Conversation::parse(&text)?;
    let name = case.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split('-').next().unwrap_or_default();
    seeds.write("frame", name, &frames(&conversation)?)?;
    if conversation.protocol == Protocol::Icmp {
        return Ok(());
    }
    // Of a stream's first byte, 32 is UDP and 0 port 80.
    let is_udp = conversation.protocol == Protocol::Udp;
    let mut stream = vec![if is_udp { 32 } else { 0 }];
    let mut http = Vec::new();
    for step in &conversation.steps {
        let from_server = u8::from(step.from == Side::Server);
        for piece in step.bytes.chunks(255) {
            let length = u8::try_from(piece.len())?;
            stream.extend([from_server, 0, length]);
            stream.extend(piece);
            http.extend([1 - from_server, length]);
            http.extend(piece);
        }
    }
    seeds.write("engine", name, &stream)?;
    if text.contains("HTTP/1") && !is_udp {
        seeds.write("http", name, &http)?;
    }
    Ok(())
}

/// Ethernet frames as records; every checksum is verified.
fn frames(conversation: &Conversation) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut input = vec![0, 1];
    for frame in conversation.frames(&Delivery::default()) {
        record(&mut input, &frame)?;
    }
    Ok(input)
}

fn record(input: &mut Vec<u8>, frame: &[u8]) -> Result<(), std::num::TryFromIntError> {
    input.push(0);
    input.extend(u16::try_from(frame.len())?.to_le_bytes());
    input.extend(frame);
    Ok(())
}

/// A datagram in three fragments, the middle one twice, within a VLAN.
fn fragments() -> Vec<u8> {
    let mut input = vec![0, 0];
    let udp = [
        &[0x13, 0x88, 0, 53, 0, 40, 0, 0][..],
        b"first---second--third---fourth--",
    ]
    .concat();
    for (place, range) in [(0, 0..16), (4, 32..40), (2, 16..32), (2, 16..32)] {
        let packet = Ipv4 {
            more: range.end < udp.len(),
            place,
            ..Ipv4::default()
        }
        .packet(17, &udp[range]);
        let frame = tagged(0x8100, 7, &ethernet(0x0800, &packet));
        // A frame of some fifty bytes has a length of one byte.
        if record(&mut input, &frame).is_err() {
            input.clear();
        }
    }
    input
}
