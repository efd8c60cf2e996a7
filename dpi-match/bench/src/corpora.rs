//! What is searched: buffers of captures, of files, and made-up ones.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::rules::FastPattern;

/// Buffers, each searched by one call.
pub(crate) struct Corpus {
    pub(crate) name: String,
    pub(crate) buffers: Vec<Vec<u8>>,
}

/// Bytes of a TCP segment on Ethernet with time stamps.
const SEGMENT: usize = 1448;
const MAX_BYTES: usize = 4 << 20;

/// Numbers that are the same in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit.max(1)
    }

    pub(crate) fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all.get(self.below(all.len())).copied().unwrap_or("")
    }
}

/// Every corpus that can be made or was given.
pub(crate) fn all(
    given: &[String],
    captures: Option<&Path>,
    rules: &[FastPattern],
) -> Result<Vec<Corpus>> {
    let api = api();
    let mut corpora = vec![
        corpus("uri", uris(&api)),
        corpus("head", heads(&api)),
        corpus("api", segments(&api.concat())),
    ];
    if !rules.is_empty() {
        corpora.push(corpus("adversarial", segments(&near_matches(rules))));
        corpora.push(corpus("matches", segments(&true_matches(rules))));
    }
    if let Some(folder) = captures {
        let payloads = payloads(folder)?;
        let http = |payload: &&Vec<u8>| {
            [&b"GET "[..], b"POST ", b"HTTP/1."]
                .iter()
                .any(|start| payload.starts_with(start))
        };
        corpora.push(corpus(
            "captures_http",
            payloads.iter().filter(http).cloned().collect(),
        ));
        corpora.push(corpus("captures", payloads));
    }
    for argument in given {
        let (name, path) = argument
            .split_once('=')
            .with_context(|| format!("{argument:?} is not NAME=PATH"))?;
        let mut bytes = Vec::new();
        for file in files(Path::new(path))? {
            let mut text =
                fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            text.truncate(1 << 20);
            bytes.extend(text);
            if bytes.len() >= MAX_BYTES {
                break;
            }
        }
        corpora.push(corpus(name, segments(&bytes)));
    }
    Ok(corpora)
}

fn corpus(name: &str, mut buffers: Vec<Vec<u8>>) -> Corpus {
    let mut total = 0;
    buffers.retain(|buffer| {
        total += buffer.len();
        total <= MAX_BYTES && !buffer.is_empty()
    });
    Corpus {
        name: name.to_owned(),
        buffers,
    }
}

fn segments(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.chunks(SEGMENT).map(<[u8]>::to_vec).collect()
}

/// HTTP/1.1 with JSON between services, request and response in turn.
fn api() -> Vec<Vec<u8>> {
    const PATHS: &[&str] = &[
        "orders",
        "users",
        "carts",
        "products",
        "inventory",
        "sessions",
    ];
    const FIELDS: &[&str] = &[
        "id",
        "name",
        "status",
        "createdAt",
        "labels",
        "owner",
        "quantity",
        "price",
    ];
    const WORDS: &[&str] = &[
        "pending", "shipped", "alpha", "north", "active", "blue", "retail", "eu-west",
    ];
    let mut random = Random(42);
    let mut all = Vec::new();
    let mut total = 0;
    while total < MAX_BYTES {
        let path = random.pick(PATHS);
        let mut body = "{\"items\":[".to_owned();
        for _ in 0..4 + random.below(20) {
            body.push('{');
            for _ in 0..3 + random.below(4) {
                let (field, word) = (random.pick(FIELDS), random.pick(WORDS));
                let number = random.below(1_000_000);
                let item =
                    format!("\"{field}\":\"{word}-{number:06x}\",\"{field}Count\":{number},");
                body.push_str(&item);
            }
            body += "\"ok\":true},";
        }
        body += "{}]}";
        let (id, page) = (random.below(100_000), random.below(50));
        let request = format!(
            "GET /api/v1/{path}/{id}?page={page}&limit=50 HTTP/1.1\r\nHost: {path}.prod.svc.cluster.local:8080\r\n\
             User-Agent: Go-http-client/1.1\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\n\
             X-Request-Id: {:016x}\r\nAuthorization: Bearer {:032x}\r\n\r\n",
            random.below(usize::MAX),
            random.below(usize::MAX)
        );
        let response = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nServer: envoy\r\n\
             X-Envoy-Upstream-Service-Time: {}\r\nContent-Length: {}\r\n\r\n{body}",
            random.below(90),
            body.len()
        );
        total += request.len() + response.len();
        all.push(request.into_bytes());
        all.push(response.into_bytes());
    }
    all
}

fn uris(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let uri = |message: &Vec<u8>| {
        Some(
            message
                .strip_prefix(b"GET ")?
                .split(|b| *b == b' ')
                .next()?
                .to_vec(),
        )
    };
    let mut uris: Vec<Vec<u8>> = messages.iter().filter_map(uri).collect();
    // Of about 46 bytes, as those of captures are.
    for uri in &mut uris {
        uri.extend_from_slice(b"&sort=-createdAt");
        uri.truncate(46);
    }
    uris.iter().cycle().take(uris.len() * 8).cloned().collect()
}

fn heads(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let head = |message: &Vec<u8>| {
        let end = message.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        let line = message.iter().position(|byte| *byte == b'\n')?;
        Some(message.get(line + 1..end)?.to_vec())
    };
    messages.iter().filter_map(head).collect()
}

/// Rules' patterns with a byte changed, cut or added to, one after the other.
fn near_matches(rules: &[FastPattern]) -> Vec<u8> {
    let mut random = Random(7);
    let mut all = Vec::new();
    while all.len() < MAX_BYTES {
        let Some(rule) = rules.get(random.below(rules.len())) else {
            break;
        };
        let mut bytes = rule.bytes.clone();
        let last = bytes.len() - 1;
        match random.below(4) {
            0 => bytes[last] ^= 0x11,
            1 => bytes[0] ^= 0x11,
            2 => bytes.truncate(last),
            _ => {
                bytes.remove(0);
            }
        }
        all.extend(bytes);
    }
    all
}

fn true_matches(rules: &[FastPattern]) -> Vec<u8> {
    let mut random = Random(9);
    let mut all = Vec::new();
    while all.len() < MAX_BYTES / 2 {
        let Some(rule) = rules.get(random.below(rules.len())) else {
            break;
        };
        all.extend_from_slice(&rule.bytes);
    }
    all
}

/// TCP payloads over IPv4 and Ethernet of classic capture files.
fn payloads(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for path in files(folder)? {
        let file = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let swapped = match file.get(..4) {
            Some([0xd4, 0xc3, 0xb2, 0xa1]) => false,
            Some([0xa1, 0xb2, 0xc3, 0xd4]) => true,
            _ => continue,
        };
        let mut at = 24;
        while let Some(length) = file.get(at + 8..at + 12) {
            let length: [u8; 4] = [length[0], length[1], length[2], length[3]];
            let length = if swapped {
                u32::from_be_bytes(length)
            } else {
                u32::from_le_bytes(length)
            };
            let end = at + 16 + length as usize;
            all.extend(file.get(at + 16..end).and_then(payload).map(<[u8]>::to_vec));
            at = end;
        }
    }
    Ok(all)
}

fn payload(frame: &[u8]) -> Option<&[u8]> {
    let packet = frame
        .get(14..)
        .filter(|_| frame.get(12..14) == Some(&[8, 0]))?;
    let header = usize::from(packet.first()? & 15) * 4;
    let total = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
    let segment = packet
        .get(header..total)
        .filter(|_| packet.get(9) == Some(&6))?;
    let offset = usize::from(segment.get(12)? >> 4) * 4;
    segment.get(offset..)
}

fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else if entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
