//! What is valid and probably not meant, or slow.

use std::{collections::BTreeMap, sync::Arc};

use super::fast_pattern;
use crate::{
    builtin::BuiltinEvent,
    ips_options::IpsOption,
    parser::{PortSet, Protocol, Rule, RuleText, RuleWarning, Warning},
};

/// A fast pattern of fewer bytes occurs in most packets.
const SHORT_PATTERN: usize = 3;

/// Services and the TCP or UDP ports that belong to them alone.
const WELL_KNOWN: [(&str, &[u16]); 16] = [
    ("dns", &[53]),
    ("ftp", &[21]),
    ("http", &[80, 8000, 8008, 8080]),
    ("imap", &[143]),
    ("ldap", &[389]),
    ("mysql", &[3306]),
    ("netbios-ssn", &[139, 445]),
    ("ntp", &[123]),
    ("pop3", &[110]),
    ("rdp", &[3389]),
    ("sip", &[5060]),
    ("smtp", &[25, 587]),
    ("snmp", &[161, 162]),
    ("ssh", &[22]),
    ("ssl", &[443, 465, 993, 995]),
    ("telnet", &[23]),
];

/// Services that are never spoken over UDP.
const TCP_ONLY: [&str; 8] = [
    "ftp",
    "http",
    "imap",
    "netbios-ssn",
    "pop3",
    "smtp",
    "ssh",
    "telnet",
];

/// Looks at rules one by one, and at their flowbits together.
#[derive(Debug, Default)]
pub struct Linter {
    warnings: Vec<RuleWarning>,
    set: BTreeMap<String, Place>,
    checked: BTreeMap<String, Place>,
}

#[derive(Clone, Debug)]
struct Place {
    file: Arc<str>,
    line: u32,
    sid: Option<u32>,
}

impl Linter {
    /// Looks at a rule.
    pub fn rule(&mut self, text: &RuleText<'_>) {
        let place = Place {
            file: Arc::clone(text.file),
            line: text.line(),
            sid: text.rule.map(|rule| rule.id.sid),
        };
        for (word, bits) in text.flowbits() {
            let known = match word {
                "set" => &mut self.set,
                "isset" | "isnotset" => &mut self.checked,
                _ => continue,
            };
            for bit in bits {
                known.entry(bit).or_insert_with(|| place.clone());
            }
        }
        let Some(rule) = text.rule else {
            return;
        };
        let is_definition = rule.defines.is_some();
        if !is_definition {
            self.speed(rule, &place);
        }
        for expression in text.expressions() {
            if let Some(what) = unbounded(expression) {
                self.warn(&place, Warning::UnboundedExpression { what });
            }
        }
        if !is_definition {
            self.services(rule, &place);
        }
    }

    /// All warnings, by file and line.
    pub fn finish(mut self) -> Vec<RuleWarning> {
        let (set, checked) = (
            std::mem::take(&mut self.set),
            std::mem::take(&mut self.checked),
        );
        for (name, place) in &set {
            if !checked.contains_key(name) {
                let name = name.as_str().into();
                self.warn(place, Warning::BitNeverChecked { name });
            }
        }
        for (name, place) in &checked {
            if !set.contains_key(name) {
                let name = name.as_str().into();
                self.warn(place, Warning::BitNeverSet { name });
            }
        }
        let key = |w: &RuleWarning| (Arc::clone(&w.file), w.line);
        self.warnings.sort_by_key(key);
        self.warnings
    }

    fn warn(&mut self, place: &Place, what: Warning) {
        self.warnings.push(RuleWarning {
            file: Arc::clone(&place.file),
            line: place.line,
            sid: place.sid,
            what,
        });
    }

    fn speed(&mut self, rule: &Rule, place: &Place) {
        if BuiltinEvent::find(rule.id).is_some() {
            return;
        }
        let any_port = rule.header.src_ports.is_any() && rule.header.dst_ports.is_any();
        match fast_pattern::choose_of_rule(rule) {
            None if reads_payload(rule) || any_port => {
                self.warn(place, Warning::NoFastPattern);
            }
            Some((_, content)) => {
                let length = content.fast_bytes().0.len();
                if any_port && rule.services.is_empty() && length < SHORT_PATTERN {
                    self.warn(place, Warning::ShortFastPattern { length });
                }
            }
            None => {}
        }
    }

    fn services(&mut self, rule: &Rule, place: &Place) {
        let header = &rule.header;
        let stated = rule.services.iter().find(|name| {
            let wrong = match header.protocol {
                Protocol::Udp => TCP_ONLY.contains(&&***name),
                Protocol::Icmp => true,
                _ => false,
            };
            wrong && rule.services.len() == 1
        });
        if let Some(service) = stated {
            let service = service.clone();
            self.warn(place, Warning::ServiceProtocol { service });
        }
        for ports in [&header.src_ports, &header.dst_ports] {
            if let Some((port, owner)) = contradiction(&rule.services, ports) {
                let service = rule.services.first().cloned().unwrap_or_default();
                self.warn(
                    place,
                    Warning::ServicePort {
                        service,
                        port,
                        owner,
                    },
                );
            }
        }
    }
}

/// Whether the rule looks at bytes of the payload.
fn reads_payload(rule: &Rule) -> bool {
    let mut options = rule.options.iter();
    options.any(|o| !o.is_header_test() && !matches!(o, IpsOption::Flowbits(_)))
}

/// A port that belongs to another service, where no port belongs to those that are named.
fn contradiction(services: &[Box<str>], ports: &PortSet) -> Option<(u16, &'static str)> {
    if ports.is_any() || services.is_empty() {
        return None;
    }
    let ours = |name: &str| services.iter().any(|service| **service == *name);
    let all_known = services
        .iter()
        .all(|service| WELL_KNOWN.iter().any(|(name, _)| **service == **name));
    let mut foreign = None;
    for (name, known) in WELL_KNOWN {
        let Some(port) = known.iter().find(|port| ports.contains(**port)) else {
            continue;
        };
        if ours(name) {
            return None;
        }
        foreign = foreign.or(Some((*port, name)));
    }
    foreign.filter(|_| all_known)
}

/// What makes an expression's work grow faster than its input: a repetition without bound
/// within another, or of any byte.
fn unbounded(expression: &[u8]) -> Option<&'static str> {
    let mut groups = vec![false];
    let mut any_byte = false;
    // Whether the atom in front is `.`, or a group with a repetition inside.
    let (mut dot, mut repeats) = (false, false);
    let mut rest = expression;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'\\' => {
                rest = rest.get(1..).unwrap_or_default();
                (dot, repeats) = (false, false);
            }
            b'[' => {
                rest = behind_class(rest);
                (dot, repeats) = (false, false);
            }
            b'(' => {
                groups.push(false);
                (dot, repeats) = (false, false);
            }
            b')' => {
                (dot, repeats) = (false, groups.pop().unwrap_or(false));
                if groups.is_empty() {
                    groups.push(false);
                }
                if let (true, Some(outer)) = (repeats, groups.last_mut()) {
                    *outer = true;
                }
            }
            b'*' | b'+' | b'{' if *byte != b'{' || is_open_count(rest) => {
                // A possessive or atomic repetition does not go back.
                if let Some(behind) = behind_quantifier(*byte, rest).strip_prefix(b"+") {
                    rest = behind;
                    continue;
                }
                if repeats {
                    return Some("a repetition within a repetition");
                }
                any_byte |= dot;
                if let Some(group) = groups.last_mut() {
                    *group = true;
                }
            }
            b'.' => (dot, repeats) = (true, false),
            b'?' | b'}' | b'{' => {}
            _ => (dot, repeats) = (false, false),
        }
    }
    any_byte.then_some("any number of any bytes")
}

/// Whether `n,}` stands here.
fn is_open_count(rest: &[u8]) -> bool {
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    digits > 0
        && rest
            .get(digits..)
            .is_some_and(|rest| rest.starts_with(b",}"))
}

fn behind_quantifier(byte: u8, rest: &[u8]) -> &[u8] {
    if byte != b'{' {
        return rest;
    }
    let end = rest.iter().position(|b| *b == b'}').unwrap_or(rest.len());
    rest.get(end.saturating_add(1)..).unwrap_or_default()
}

/// What stands behind a character class, whose `[` is taken.
fn behind_class(rest: &[u8]) -> &[u8] {
    let rest = rest.strip_prefix(b"^").unwrap_or(rest);
    let mut at = usize::from(rest.first() == Some(&b']'));
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' => at = at.saturating_add(2),
            b']' => break,
            _ => at = at.saturating_add(1),
        }
    }
    rest.get(at.saturating_add(1)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::{Dialect, RuleReader, Surroundings, Variables};

    #[derive(Default)]
    struct Lint(Linter);

    impl Surroundings for Lint {
        fn include(&mut self, _: &str, _: &str) -> Result<(String, Vec<u8>), String> {
            Err(String::new())
        }

        fn rule(&mut self, text: &RuleText<'_>) {
            self.0.rule(text);
        }
    }

    fn warnings(text: &str) -> Vec<String> {
        let mut lint = Lint::default();
        let mut reader = RuleReader::new(Dialect::Auto, &Variables::stock());
        reader.read("a.rules", text.as_bytes(), &mut lint);
        assert_eq!(reader.into_parts().1, []);
        let warnings = lint.0.finish();
        warnings.iter().map(|w| w.what.to_string()).collect()
    }

    #[test]
    fn expressions() {
        let nested = Some("a repetition within a repetition");
        let any = Some("any number of any bytes");
        for (text, expected) in [
            ("abc", None),
            ("a+b*c{2,}", None),
            ("(a+)+", nested),
            ("(a+)*b", nested),
            ("(a|b+){2,}", nested),
            ("((a+))+", nested),
            ("(a+){2,4}", None),
            ("(a+)?", None),
            ("(a++)+", None),
            ("a.*b", any),
            ("a.+b", any),
            ("a.{5,}b", any),
            ("a.{0,5}b", None),
            (r"a\.*b", None),
            ("a[.]*b", None),
            ("[^]*]+", None),
            (r"[\]*]x", None),
            ("(", None),
            ("))*", None),
        ] {
            assert_eq!(unbounded(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn slow_rules() {
        for (text, expected) in [
            (
                "alert tcp any any -> any any (content:\"abcd\"; sid:1;)",
                &[][..],
            ),
            (
                "alert tcp any any -> any any (content:\"ab\"; sid:1;)",
                &["its fast pattern of 2 bytes is looked for on every port: it slows all traffic"],
            ),
            ("alert tcp any any -> any 80 (content:\"ab\"; sid:1;)", &[]),
            (
                "alert tcp any any -> any 80 (pcre:\"/ab/\"; sid:1;)",
                &["no fast pattern: it is tried on every packet of its ports; a content helps"],
            ),
            ("alert tcp any any -> any 80 (flags:S; sid:1;)", &[]),
            (
                "alert tcp any any -> any 80 (content:\"abcd\"; pcre:\"/(a+)+/\"; sid:1;)",
                &["the work of the expression may have no bound: a repetition within a repetition"],
            ),
        ] {
            assert_eq!(warnings(text), expected, "{text}");
        }
    }

    #[test]
    fn flowbits_and_services() {
        let rule = |options: &str| {
            format!("alert tcp any any -> any 80 (content:\"abcd\"; {options}; sid:1;)\n")
        };
        let both = rule("flowbits:set,a") + &rule("flowbits:isset,a");
        assert_eq!(warnings(&both), [] as [&str; 0]);
        assert_eq!(
            warnings(&(rule("flowbits:set,a&b") + &rule("flowbits:isset,a|c"))),
            [
                "flowbit b is set and never checked",
                "flowbit c is checked and never set",
            ]
        );
        for (header, service, expected) in [
            ("tcp any any -> any 80", "http", &[][..]),
            (
                "tcp any any -> any 53",
                "http",
                &["service http on port 53, which is that of dns"],
            ),
            ("tcp any any -> any 53", "http,dns", &[]),
            ("tcp any any -> any 1234", "http", &[]),
            (
                "udp any any -> any any",
                "smtp",
                &["service smtp does not run over the rule's protocol"],
            ),
        ] {
            let text = format!("alert {header} (content:\"abcd\"; service:{service}; sid:1;)");
            assert_eq!(warnings(&text), expected, "{text}");
        }
    }
}
