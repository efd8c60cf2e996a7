//! Inspection units with the contents of rules planted in them, from a seed.

use std::collections::{BTreeMap, BTreeSet};

use dpi_snort::{
    buffers::{BufferId, BufferPart, BufferSelector, BufferSource, UriPart},
    packet::{Fragment, IpHeader, Packet, TcpHeader, Transport},
    parser::{PortSet, Protocol, Rule},
    unit::{FlowView, InspectionUnit, UnitKind},
};

/// `SplitMix64` (Steele, Lea, Flood 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() {
            None
        } else {
            of.get(self.below(of.len()))
        }
    }
}

/// What the generator knows of a rule, from its text.
pub(crate) struct Facts {
    protocol: Protocol,
    src_ports: PortSet,
    dst_ports: PortSet,
    services: Vec<Box<str>>,
    to_client: bool,
    has_filter: bool,
    contents: Vec<Planted>,
}

struct Planted {
    buffer: BufferId,
    field: Option<String>,
    negated: bool,
    bytes: Vec<u8>,
}

const BUFFERS: [(&str, BufferId); 14] = [
    ("pkt_data", BufferId::PktData),
    ("raw_data", BufferId::RawData),
    ("file_data", BufferId::FileData),
    ("http_uri", BufferId::HttpUri),
    ("http_raw_uri", BufferId::HttpRawUri),
    ("http_header", BufferId::HttpHeader),
    ("http_raw_header", BufferId::HttpRawHeader),
    ("http_cookie", BufferId::HttpCookie),
    ("http_raw_cookie", BufferId::HttpRawCookie),
    ("http_method", BufferId::HttpMethod),
    ("http_stat_code", BufferId::HttpStatCode),
    ("http_stat_msg", BufferId::HttpStatMsg),
    ("http_client_body", BufferId::HttpClientBody),
    ("http_raw_body", BufferId::HttpRawBody),
];

/// Reads the contents and buffers of a rule's one line.
pub(crate) fn facts_of(rule: &Rule, line: &str) -> Facts {
    let mut contents = Vec::new();
    let (mut buffer, mut field) = (BufferId::PktData, None);
    for option in options(line) {
        let (name, value) = option.split_once(':').unwrap_or((option, ""));
        if let Some((_, id)) = BUFFERS.iter().find(|(known, _)| *known == name.trim()) {
            buffer = *id;
            field = value.trim().strip_prefix("field ").map(str::to_owned);
        } else if name.trim() == "content" {
            let (negated, value) = match value.trim().strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, value.trim()),
            };
            contents.push(Planted {
                buffer,
                field: field.clone(),
                negated,
                bytes: quoted(value),
            });
        }
    }
    Facts {
        protocol: rule.header.protocol.clone(),
        src_ports: rule.header.src_ports.clone(),
        dst_ports: rule.header.dst_ports.clone(),
        services: rule.services.clone(),
        to_client: line.contains("to_client") || line.contains("from_server"),
        has_filter: line.contains("detection_filter"),
        contents,
    }
}

/// The options of a rule, split at semicolons outside of quotes.
fn options(line: &str) -> Vec<&str> {
    let start = line.find('(').map_or(line.len(), |at| at + 1);
    let (mut options, mut from) = (Vec::new(), start);
    let (mut in_quotes, mut escaped) = (false, false);
    for (at, byte) in line.bytes().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_quotes = !in_quotes,
            b';' if !in_quotes => {
                options.push(line[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    options
}

/// The bytes of the quoted text that `value` begins with.
fn quoted(value: &str) -> Vec<u8> {
    let (mut bytes, mut digits) = (Vec::new(), String::new());
    let (mut in_hex, mut escaped) = (false, false);
    for byte in value.bytes().skip(1) {
        match byte {
            _ if escaped => {
                bytes.push(byte);
                escaped = false;
            }
            b'|' => in_hex = !in_hex,
            _ if in_hex => {
                digits.extend(Some(char::from(byte)).filter(char::is_ascii_hexdigit));
                if digits.len() == 2 {
                    bytes.push(u8::from_str_radix(&digits, 16).unwrap());
                    digits.clear();
                }
            }
            b'\\' => escaped = true,
            b'"' => break,
            _ => bytes.push(byte),
        }
    }
    bytes
}

/// A unit's parts.
#[derive(Debug)]
pub(crate) struct Made {
    kind: UnitKind,
    protocol: u8,
    ports: (u16, u16),
    icmp_type: u8,
    to_server: bool,
    established: bool,
    service: Option<String>,
    payload: Vec<u8>,
    buffers: BTreeMap<BufferId, Vec<u8>>,
    fresh: BTreeSet<BufferId>,
    pub(crate) lead_has_filter: bool,
}

impl Made {
    /// A unit whose header suits one of the rules, mostly, with contents of up to three.
    pub(crate) fn generate(random: &mut Random, facts: &[Facts]) -> Made {
        let lead = random.pick(facts).expect("there are rules");
        let mut made = Made::for_rule(random, lead);
        made.plant(random, lead);
        for _ in 0..random.below(3) {
            let other = random.pick(facts).expect("there are rules");
            made.lead_has_filter |= other.has_filter;
            made.plant(random, other);
        }
        made.kind = if !made.buffers.is_empty() {
            UnitKind::RebuiltPdu
        } else if made.protocol == 6 && random.percent(20) {
            UnitKind::RebuiltStream
        } else {
            UnitKind::Raw
        };
        let all_fresh = random.percent(70);
        for buffer in made.buffers.keys() {
            if all_fresh || random.percent(50) {
                made.fresh.insert(*buffer);
            }
        }
        made
    }

    fn for_rule(random: &mut Random, rule: &Facts) -> Made {
        let protocol = match rule.protocol {
            Protocol::Tcp | Protocol::Service(_) => 6,
            Protocol::Udp => 17,
            Protocol::Icmp => 1,
            Protocol::Ip => [6, 17, 1, 47][random.below(4)],
        };
        let service = match random.below(10) {
            0 | 1 => None,
            2 => Some("http".to_owned()),
            _ => random.pick(&rule.services).map(ToString::to_string),
        };
        let ports = (
            port_of(random, &rule.src_ports),
            port_of(random, &rule.dst_ports),
        );
        Made {
            kind: UnitKind::Raw,
            protocol,
            ports,
            icmp_type: [0, 3, 5, 8, 11][random.below(5)],
            to_server: rule.to_client == random.percent(10),
            established: random.percent(90),
            service,
            payload: Vec::new(),
            buffers: BTreeMap::new(),
            fresh: BTreeSet::new(),
            lead_has_filter: rule.has_filter,
        }
    }

    fn plant(&mut self, random: &mut Random, rule: &Facts) {
        for content in &rule.contents {
            if random.percent(if content.negated { 85 } else { 12 }) {
                continue;
            }
            let mut bytes = vary(random, &content.bytes);
            let mut buffer = content.buffer;
            if random.percent(8) {
                buffer = BUFFERS[random.below(BUFFERS.len())].1;
            }
            if let Some(field) = &content.field {
                bytes = [field.as_bytes(), b": ", &bytes, b"\r\n"].concat();
            }
            self.put(random, buffer, &bytes);
            if buffer == BufferId::HttpUri && random.percent(50) {
                self.put(random, BufferId::HttpRawUri, &bytes);
            }
        }
    }

    fn put(&mut self, random: &mut Random, buffer: BufferId, bytes: &[u8]) {
        let target = match buffer {
            BufferId::PktData | BufferId::RawData => &mut self.payload,
            _ => self.buffers.entry(buffer).or_default(),
        };
        if random.percent(40) {
            for _ in 0..random.below(8) {
                target.push(b"a0 ./=&\r\n\0xZ\xff"[random.below(13)]);
            }
        }
        target.extend_from_slice(bytes);
    }

    /// Whether every buffer that rules can see is searched for literals.
    pub(crate) fn is_all_fresh(&self) -> bool {
        self.fresh.len() == self.buffers.len()
    }

    /// Lends the unit.
    pub(crate) fn with_unit(&self, work: impl FnOnce(&InspectionUnit<'_>)) {
        let packet = self.packet();
        work(&InspectionUnit {
            kind: self.kind,
            packet: &packet,
            payload: &self.payload,
            raw_payload: &self.payload,
            buffers: self,
            flow: Some(FlowView {
                to_server: self.to_server,
                established: self.established,
                service: self.service.as_deref(),
                ports_count: false,
                id: 1,
                client_bytes: 100,
                server_bytes: 100,
            }),
            dsize: u32::try_from(self.payload.len()).ok(),
            packet_number: 1,
        });
    }

    fn packet(&self) -> Packet<'_> {
        let (src_port, dst_port) = self.ports;
        let transport = match self.protocol {
            6 => Transport::Tcp(TcpHeader {
                src_port,
                dst_port,
                seq: 1,
                ack: 1,
                flags: TcpHeader::ACK,
                window: 512,
                urgent: 0,
                options: &[],
            }),
            17 => Transport::Udp { src_port, dst_port },
            1 => Transport::Icmp {
                icmp_type: self.icmp_type,
                code: 0,
                id: Some(1),
                seq: Some(1),
            },
            _ => Transport::Other,
        };
        Packet {
            ip: IpHeader {
                src: [10, 0, 0, 1].into(),
                dst: [10, 0, 0, 2].into(),
                protocol: self.protocol,
                ttl: 64,
                tos: 0,
                id: 1,
                fragment: Fragment::default(),
                options: &[],
                payload: &self.payload,
            },
            transport,
            payload: &self.payload,
            encapsulation: 0,
            rebuilt: false,
            gso_size: 0,
            layers: 1,
        }
    }
}

fn port_of(random: &mut Random, ports: &PortSet) -> u16 {
    match random.pick(ports.ranges()) {
        Some((first, last)) if !random.percent(10) => *random.pick(&[*first, *last]).unwrap(),
        _ => u16::try_from(random.below(65_536)).unwrap(),
    }
}

/// The bytes as they are, in other cases, cut in two, or without an end.
fn vary(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match random.below(20) {
        0..=3 => {
            for byte in &mut bytes {
                if random.percent(50) {
                    *byte = if byte.is_ascii_lowercase() {
                        byte.to_ascii_uppercase()
                    } else {
                        byte.to_ascii_lowercase()
                    };
                }
            }
        }
        4 => bytes.insert(random.below(bytes.len() + 1), b'#'),
        5 => bytes.truncate(random.below(bytes.len() + 1)),
        6 => bytes.extend_from_within(..),
        _ => {}
    }
    bytes
}

impl BufferSource for Made {
    fn buffer(&self, selector: &BufferSelector) -> Option<&[u8]> {
        let whole = self.buffers.get(&selector.id)?.as_slice();
        match &selector.part {
            BufferPart::Whole => Some(whole),
            BufferPart::Field(name) => whole
                .split(|byte| *byte == b'\n')
                .filter_map(|line| line.split_at_checked(name.len()))
                .find(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes()))
                .and_then(|(_, value)| value.strip_prefix(b": ")),
            BufferPart::Uri(UriPart::Path) => whole.split(|byte| *byte == b'?').next(),
            BufferPart::Uri(UriPart::Query) => whole.splitn(2, |byte| *byte == b'?').nth(1),
            BufferPart::Uri(_) | BufferPart::Param(..) => None,
        }
    }

    fn fresh<'a>(&'a self, scan: &mut dyn FnMut(BufferId, &'a [u8])) {
        for buffer in &self.fresh {
            scan(*buffer, &self.buffers[buffer]);
        }
    }
}
