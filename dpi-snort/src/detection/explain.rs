//! How a rule is found and tried, for people who write rules.

use std::fmt::Write;

use super::fast_pattern;
use crate::{
    ips_options::{IpsOption, buffer},
    parser::{PortSet, Protocol, Rule, RuleText},
};

/// What detection makes of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Packets and messages on which the rule is tried at all.
    pub group: String,
    /// The literal that must occur before it is tried.
    pub fast_pattern: Option<FastPattern>,
    /// It defines a file type (`file_id`), and is tried on files alone.
    pub is_definition: bool,
    /// Buffers that it reads, in the order of the rule.
    pub buffers: Vec<String>,
    /// Its options in the order in which they are tried: those on headers first.
    pub order: Vec<Step>,
}

/// The literal that leads to a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FastPattern {
    /// The buffer that is searched.
    pub buffer: &'static str,
    /// The literal, as a content writes it.
    pub bytes: String,
    /// The rule says `fast_pattern`; else it was chosen for its length.
    pub stated: bool,
}

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it looks at.
    pub stage: Stage,
    /// Its canonical text.
    pub text: String,
}

/// What an option looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Headers and the state of the flow.
    Header,
    /// A buffer.
    Payload,
    /// Flowbits that change once all else holds.
    Effect,
}

impl Explanation {
    /// Explains a rule; `None` for an inactive one.
    pub fn of(text: &RuleText<'_>) -> Option<Explanation> {
        let rule = text.rule?;
        let texts = text.options();
        let stages = [Stage::Header, Stage::Payload, Stage::Effect];
        let order = stages.iter().flat_map(|stage| {
            let options = rule.options.iter().zip(&texts);
            options
                .filter(|(option, _)| stage_of(option) == *stage)
                .map(|(_, text)| Step {
                    stage: *stage,
                    text: text.clone(),
                })
        });
        Some(Explanation {
            group: group(rule),
            fast_pattern: fast_pattern(rule).filter(|_| rule.defines.is_none()),
            is_definition: rule.defines.is_some(),
            buffers: buffers(rule, &texts),
            order: order.collect(),
        })
    }
}

/// When an option is tried.
pub(super) fn stage_of(option: &IpsOption) -> Stage {
    match option {
        IpsOption::Flowbits(bits) if bits.is_setter() => Stage::Effect,
        _ if option.is_header_test() => Stage::Header,
        _ => Stage::Payload,
    }
}

fn fast_pattern(rule: &Rule) -> Option<FastPattern> {
    let (buffer, content) = fast_pattern::choose_of_rule(rule)?;
    let (bytes, _) = content.fast_bytes();
    Some(FastPattern {
        buffer: buffer::name(buffer),
        bytes: content_text(bytes),
        stated: content.fast_pattern,
    })
}

/// Bytes as a content writes them.
fn content_text(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut hex = false;
    for byte in bytes {
        let plain = matches!(byte, 0x20..=0x7e) && !b"|\"\\;:".contains(byte);
        if plain == hex {
            text.push('|');
        } else if !plain {
            text.push(' ');
        }
        hex = !plain;
        if plain {
            text.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02X}");
        }
    }
    if hex {
        text.push('|');
    }
    text
}

fn buffers(rule: &Rule, texts: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = "pkt_data".to_owned();
    for (option, text) in rule.options.iter().zip(texts) {
        match option {
            IpsOption::Buffer(_) | IpsOption::Base64Data => current.clone_from(text),
            _ if stage_of(option) == Stage::Payload && found.last() != Some(&current) => {
                found.push(current.clone());
            }
            _ => {}
        }
    }
    found
}

fn group(rule: &Rule) -> String {
    if let Some(meta) = &rule.defines {
        let name = &meta.name;
        return format!("none: it defines the file type {name} by the first bytes of files");
    }
    let header = &rule.header;
    let (protocol, by_service) = match &header.protocol {
        Protocol::Ip => ("ip", false),
        Protocol::Tcp => ("tcp", false),
        Protocol::Udp => ("udp", false),
        Protocol::Icmp => ("icmp", false),
        Protocol::Service(_) => ("tcp or udp", true),
    };
    let arrow = if header.bidirectional { "<>" } else { "->" };
    let (src, dst) = (ports(&header.src_ports), ports(&header.dst_ports));
    let mut text = match protocol {
        "icmp" => protocol.to_owned(),
        _ => format!("{protocol}, ports {src} {arrow} {dst}"),
    };
    if !rule.services.is_empty() {
        let services: Vec<&str> = rule.services.iter().map(|name| &**name).collect();
        let services = services.join(", ");
        let link = if by_service {
            "only flows of"
        } else {
            "or, whatever the ports, flows of"
        };
        let _ = write!(text, "; {link} {services}");
    }
    for option in &rule.options {
        if let IpsOption::Flow(flow) = option
            && let Some(to_server) = flow.to_server
        {
            let way = if to_server { "server" } else { "client" };
            let _ = write!(text, "; to the {way}");
        }
    }
    text
}

fn ports(set: &PortSet) -> String {
    const SHOWN: usize = 8;
    if set.is_any() {
        return "any".to_owned();
    }
    let ranges = set.ranges().iter().take(SHOWN).map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}:{last}")
        }
    });
    let mut text = ranges.collect::<Vec<_>>().join(",");
    if set.ranges().len() > SHOWN {
        text.push_str(",…");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::{Dialect, RuleReader, Surroundings, Variables};

    /// Keeps what is said of each rule.
    #[derive(Default)]
    struct Explained(Vec<Explanation>);

    impl Surroundings for Explained {
        fn include(&mut self, _: &str, _: &str) -> Result<(String, Vec<u8>), String> {
            Err(String::new())
        }

        fn rule(&mut self, text: &RuleText<'_>) {
            self.0.extend(Explanation::of(text));
        }
    }

    fn explain(text: &str) -> Explanation {
        let mut explained = Explained::default();
        let mut reader = RuleReader::new(Dialect::Auto, &Variables::stock());
        reader.read("a.rules", text.as_bytes(), &mut explained);
        explained.0.remove(0)
    }

    #[test]
    fn order_buffers_and_pattern() {
        let found = explain(
            "alert tcp any any -> any 80 (msg:\"m\"; flowbits:set,b; content:\"ab|00|c\"; \
             http_uri; content:\"longest\",fast_pattern; dsize:>5; flow:to_server; sid:1;)",
        );
        assert_eq!(
            found.group,
            "tcp, ports any -> 80; or, whatever the ports, flows of http, http2, http3; to the server"
        );
        let order: Vec<_> = found.order.iter().map(|s| (s.stage, &*s.text)).collect();
        assert_eq!(
            order,
            [
                (Stage::Header, "dsize:>5"),
                (Stage::Header, "flow:to_server"),
                (Stage::Payload, "content:\"ab|00|c\""),
                (Stage::Payload, "http_uri"),
                (Stage::Payload, "content:\"longest\",fast_pattern"),
                (Stage::Effect, "flowbits:set,b"),
            ]
        );
        assert_eq!(found.buffers, ["pkt_data", "http_uri"]);
        let plain = explain("alert udp any any -> any [53,60:62] (content:\"ab|00 01|c\"; sid:1;)");
        assert_eq!(plain.group, "udp, ports any -> 53,60:62");
        assert_eq!(
            plain.fast_pattern,
            Some(FastPattern {
                buffer: "pkt_data",
                bytes: "ab|00 01|c".to_owned(),
                stated: false,
            })
        );
        assert_eq!(explain("alert icmp (itype:8; sid:1;)").fast_pattern, None);
        let definition = explain(
            "file_id (file_meta:type OWN,id 1; file_data; content:\"own\",depth 3; gid:4; sid:1;)",
        );
        assert_eq!(
            definition.group,
            "none: it defines the file type OWN by the first bytes of files"
        );
        assert!(definition.is_definition && definition.fast_pattern.is_none());
        assert_eq!(definition.buffers, ["file_data"]);
    }
}
