//! Text → [`Conversation`].

use std::net::{IpAddr, SocketAddr};

use thiserror::Error;

use super::{Conversation, Fields, Protocol, Side, Step};

/// Longest write, in bytes: what a mistyped `@repeat` may cost.
const MAX_WRITE: usize = 1 << 20;

/// What is wrong with a conversation file, and in which line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {kind}")]
pub struct ParseError {
    /// Line in the file, from 1; 0 if the file as a whole is meant.
    pub line: usize,
    /// What is wrong.
    pub kind: ParseErrorKind,
}

/// What is wrong with a line of a conversation file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "each message says what the variant means")]
pub enum ParseErrorKind {
    #[error("header line {0:?} is not known: proto, client, server, also, handshake, ttl")]
    UnknownHeader(String),
    #[error("protocol {0:?} is not known: tcp, udp, icmp")]
    UnknownProtocol(String),
    #[error("{0:?} is no address with a port, such as 10.0.0.1:80 or [fd00::1]:80")]
    Endpoint(String),
    #[error("{word:?} is no valid value of {name}")]
    Value { name: &'static str, word: String },
    #[error("the header line `{0}` is missing")]
    Missing(&'static str),
    #[error("client and server are not of one IP version")]
    MixedVersions,
    #[error("there is no write: a conversation needs a line `>>>` or `<<<`")]
    Empty,
    #[error("column {column}: `\\{escape}` is no escape: \\r \\n \\t \\0 \\\\ \\xNN")]
    Escape { column: usize, escape: String },
    #[error("`@{0}` is not known: @repeat COUNT TEXT")]
    Directive(String),
    #[error("a write is longer than {MAX_WRITE} bytes")]
    TooLong,
}

#[derive(Default)]
struct Header {
    protocol: Option<Protocol>,
    client: Option<String>,
    server: Option<String>,
    no_handshake: bool,
    ttl: Option<u8>,
    also: Vec<u32>,
}

impl Conversation {
    /// Reads a conversation. The form is described at the [module](super).
    pub fn parse(text: &str) -> Result<Conversation, ParseError> {
        let mut header = Header::default();
        let mut steps: Vec<Step> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let at = |kind| ParseError {
                line: index + 1,
                kind,
            };
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((from, fields)) = block_start(line) {
                steps.push(Step {
                    from,
                    bytes: Vec::new(),
                    fields: parse_fields(fields).map_err(at)?,
                });
            } else if let Some(step) = steps.last_mut() {
                append_line(&mut step.bytes, line).map_err(at)?;
            } else {
                header.line(line).map_err(at)?;
            }
        }
        let whole = |kind| ParseError { line: 0, kind };
        if steps.is_empty() {
            return Err(whole(ParseErrorKind::Empty));
        }
        header.finish(steps).map_err(whole)
    }
}

impl Header {
    fn line(&mut self, line: &str) -> Result<(), ParseErrorKind> {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        let value = value.trim();
        match name {
            "proto" => self.protocol = Some(parse_protocol(value)?),
            "client" => self.client = Some(value.to_owned()),
            "server" => self.server = Some(value.to_owned()),
            "also" => self.also.push(number("also", value)?),
            "ttl" => self.ttl = Some(number("ttl", value)?),
            "handshake" => {
                self.no_handshake = match value {
                    "yes" => false,
                    "no" => true,
                    _ => return Err(bad_value("handshake", value)),
                }
            }
            _ => return Err(ParseErrorKind::UnknownHeader(name.to_owned())),
        }
        Ok(())
    }

    fn finish(self, steps: Vec<Step>) -> Result<Conversation, ParseErrorKind> {
        let protocol = self.protocol.ok_or(ParseErrorKind::Missing("proto"))?;
        let client = self.client.ok_or(ParseErrorKind::Missing("client"))?;
        let server = self.server.ok_or(ParseErrorKind::Missing("server"))?;
        let client = parse_endpoint(protocol, &client)?;
        let server = parse_endpoint(protocol, &server)?;
        if client.is_ipv4() != server.is_ipv4() {
            return Err(ParseErrorKind::MixedVersions);
        }
        Ok(Conversation {
            protocol,
            client,
            server,
            handshake: !self.no_handshake,
            ttl: self.ttl.unwrap_or(64),
            also: self.also,
            steps,
        })
    }
}

fn block_start(line: &str) -> Option<(Side, &str)> {
    let (from, rest) = match line.get(..3)? {
        ">>>" => (Side::Client, line.get(3..)?),
        "<<<" => (Side::Server, line.get(3..)?),
        _ => return None,
    };
    (rest.is_empty() || rest.starts_with(' ')).then_some((from, rest))
}

fn parse_fields(text: &str) -> Result<Fields, ParseErrorKind> {
    let mut fields = Fields::default();
    let mut words = text.split_whitespace();
    while let Some(name) = words.next() {
        let value = words.next().unwrap_or("");
        match name {
            "flags" => fields.flags = Some(parse_flags(value)?),
            "type" => fields.icmp_type = Some(number("type", value)?),
            "code" => fields.icmp_code = Some(number("code", value)?),
            _ => return Err(bad_value("a block's line", name)),
        }
    }
    Ok(fields)
}

/// Flags by the letters of the rule option: FIN SYN RST PSH ACK URG ECE CWR.
fn parse_flags(word: &str) -> Result<u8, ParseErrorKind> {
    const LETTERS: &str = "FSRPAUEC";
    if word == "0" {
        return Ok(0);
    }
    let bits = word
        .chars()
        .try_fold(0, |bits, c| Some(bits | (1 << LETTERS.find(c)?)));
    bits.filter(|_| !word.is_empty())
        .ok_or_else(|| bad_value("flags", word))
}

fn parse_protocol(word: &str) -> Result<Protocol, ParseErrorKind> {
    match word {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        "icmp" => Ok(Protocol::Icmp),
        _ => Err(ParseErrorKind::UnknownProtocol(word.to_owned())),
    }
}

fn parse_endpoint(protocol: Protocol, text: &str) -> Result<SocketAddr, ParseErrorKind> {
    let parsed = match protocol {
        Protocol::Icmp => text.parse::<IpAddr>().ok().map(|ip| (ip, 0).into()),
        Protocol::Tcp | Protocol::Udp => text.parse().ok(),
    };
    parsed.ok_or_else(|| ParseErrorKind::Endpoint(text.to_owned()))
}

fn append_line(bytes: &mut Vec<u8>, line: &str) -> Result<(), ParseErrorKind> {
    if let Some(directive) = line.strip_prefix('@') {
        let mut words = directive.splitn(3, ' ');
        if words.next() != Some("repeat") {
            return Err(ParseErrorKind::Directive(directive.to_owned()));
        }
        let count: usize = number("@repeat", words.next().unwrap_or(""))?;
        let unit = unescape(words.next().unwrap_or(""))?;
        if count.saturating_mul(unit.len()) > MAX_WRITE {
            return Err(ParseErrorKind::TooLong);
        }
        bytes.extend(unit.repeat(count));
    } else {
        bytes.extend(unescape(line)?);
    }
    if bytes.len() > MAX_WRITE {
        return Err(ParseErrorKind::TooLong);
    }
    Ok(())
}

fn unescape(text: &str) -> Result<Vec<u8>, ParseErrorKind> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\\') {
        let (plain, escape) = rest.split_at(start);
        bytes.extend_from_slice(plain.as_bytes());
        let (byte, len) = parse_escape(&escape[1..]).ok_or_else(|| ParseErrorKind::Escape {
            column: text.len() - escape.len() + 1,
            escape: escape[1..].chars().take(3).collect(),
        })?;
        bytes.push(byte);
        rest = &escape[1 + len..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

/// The byte of an escape and how many characters behind the backslash it takes.
fn parse_escape(text: &str) -> Option<(u8, usize)> {
    match text.as_bytes().first()? {
        b'r' => Some((b'\r', 1)),
        b'n' => Some((b'\n', 1)),
        b't' => Some((b'\t', 1)),
        b'0' => Some((0, 1)),
        b'\\' => Some((b'\\', 1)),
        b'x' => {
            let digits = text.get(1..3)?;
            let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
            let byte = u8::from_str_radix(digits, 16).ok().filter(|_| hex)?;
            Some((byte, 3))
        }
        _ => None,
    }
}

fn number<T: std::str::FromStr>(name: &'static str, word: &str) -> Result<T, ParseErrorKind> {
    word.parse().map_err(|_| bad_value(name, word))
}

fn bad_value(name: &'static str, word: &str) -> ParseErrorKind {
    ParseErrorKind::Value {
        name,
        word: word.to_owned(),
    }
}
