//! The literal of each rule that is searched first, and the matchers for all of them.
//!
//! One matcher for each transport and buffer. A rule is tried on a unit only if its
//! literal occurs in a buffer that is new with the unit.

use std::{collections::BTreeMap, fmt};

use dpi_match::{Mpm, PatternError, PatternId, Patterns};

use super::compile::{Compiled, RuleIndex};
use crate::{
    buffers::{BufferId, BufferPart, BufferSelector, UriPart},
    ips_options::{Content, IpsOption},
    packet::Transport,
    parser::{Protocol, Rule},
};

/// Matchers by transport and buffer.
#[derive(Debug, Default)]
pub(super) struct FastPatterns {
    matchers: BTreeMap<(Layer, BufferId), Matcher>,
    /// Whether a rule has a fast pattern, by its index.
    has: Vec<bool>,
}

/// What a matcher is chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    Tcp,
    Udp,
    Icmp,
    Other,
}

struct Matcher {
    mpm: Box<dyn Mpm>,
    /// Rules by pattern.
    rules: Vec<Vec<RuleIndex>>,
}

impl FastPatterns {
    /// Chooses a literal for each rule and builds the matchers.
    pub(super) fn build(rules: &[Compiled]) -> Result<FastPatterns, PatternError> {
        let mut sets: BTreeMap<(Layer, BufferId), Set> = BTreeMap::new();
        let mut has = Vec::with_capacity(rules.len());
        for (index, compiled) in (0..).zip(rules) {
            let chosen = choose(&compiled.payload_tests);
            has.push(chosen.is_some());
            if let Some((buffer, content)) = chosen {
                for layer in layers(&compiled.rule.header.protocol) {
                    sets.entry((*layer, buffer))
                        .or_default()
                        .add(content, index)?;
                }
            }
        }
        let mut matchers = BTreeMap::new();
        for (key, set) in sets {
            matchers.insert(
                key,
                Matcher {
                    mpm: set.patterns.build()?,
                    rules: set.rules,
                },
            );
        }
        Ok(FastPatterns { matchers, has })
    }

    /// Whether the rule is found by a literal.
    pub(super) fn covers(&self, rule: RuleIndex) -> bool {
        self.has.get(rule as usize).copied().unwrap_or(false)
    }

    /// Calls `on_rule` for every rule whose literal occurs in `data`, by rising end of the
    /// occurrence; a rule may be named more than once.
    pub(super) fn scan(
        &self,
        layer: Layer,
        buffer: BufferId,
        data: &[u8],
        scratch: &mut dpi_match::MpmScratch,
        on_rule: &mut dyn FnMut(RuleIndex),
    ) {
        let Some(matcher) = self.matchers.get(&(layer, buffer)) else {
            return;
        };
        matcher
            .mpm
            .scan_first(data, 0, scratch, &mut |PatternId(pattern), _end| {
                for rule in matcher.rules.get(pattern as usize).into_iter().flatten() {
                    on_rule(*rule);
                }
                true
            });
    }
}

impl Layer {
    /// The layer of a packet.
    pub(super) fn of(transport: &Transport<'_>) -> Layer {
        match transport {
            Transport::Tcp(_) => Layer::Tcp,
            Transport::Udp { .. } => Layer::Udp,
            Transport::Icmp { .. } => Layer::Icmp,
            Transport::Other => Layer::Other,
        }
    }
}

/// Layers whose packets a protocol word can mean.
pub(super) fn layers(protocol: &Protocol) -> &'static [Layer] {
    match protocol {
        Protocol::Tcp => &[Layer::Tcp],
        Protocol::Udp => &[Layer::Udp],
        Protocol::Icmp => &[Layer::Icmp],
        Protocol::Service(_) => &[Layer::Tcp, Layer::Udp],
        Protocol::Ip => &[Layer::Tcp, Layer::Udp, Layer::Icmp, Layer::Other],
    }
}

/// Patterns on their way into a matcher; equal ones are shared.
#[derive(Default)]
struct Set {
    patterns: Patterns,
    known: BTreeMap<(Box<[u8]>, bool), PatternId>,
    rules: Vec<Vec<RuleIndex>>,
}

impl Set {
    fn add(&mut self, content: &Content, rule: RuleIndex) -> Result<(), PatternError> {
        let (bytes, nocase) = content.fast_bytes();
        let bytes: Box<[u8]> = if nocase {
            bytes.to_ascii_lowercase().into()
        } else {
            bytes.into()
        };
        let id = if let Some(id) = self.known.get(&(bytes.clone(), nocase)) {
            *id
        } else {
            let id = self.patterns.add(&bytes, nocase)?;
            self.rules.push(Vec::new());
            self.known.insert((bytes, nocase), id);
            id
        };
        if let Some(rules) = self.rules.get_mut(id.0 as usize) {
            rules.push(rule);
        }
        Ok(())
    }
}

/// The stated fast pattern, else the longest content that can serve as one.
///
/// Of an HTTP message the head comes before the body, and both leave their buffers
/// visible: a rule on several of them can match on the last section only, so its literal
/// must be one that is new there, whatever the rule states.
pub(super) fn choose(options: &[IpsOption]) -> Option<(BufferId, &Content)> {
    let mut buffer = BufferSelector::whole(BufferId::PktData);
    let mut decoded = false;
    // By what a content is better than another: a later section, being stated, length.
    let mut best: Option<(Rank, (BufferId, &Content))> = None;
    let mut last_section = 0;
    for option in options {
        match option {
            IpsOption::Buffer(option) => {
                buffer = option.selector.clone();
                decoded = false;
                last_section = last_section.max(section(buffer.id));
            }
            IpsOption::Base64Data => decoded = true,
            IpsOption::Content(content) if !decoded && serves(&buffer, content) => {
                let length = content.fast_bytes().0.len();
                let rank = (section(buffer.id), content.fast_pattern, length);
                if best.is_none_or(|(known, _)| known < rank) {
                    best = Some((rank, (buffer.id, content)));
                }
            }
            _ => {}
        }
    }
    // A literal of an earlier section would lead to the rule where its later buffers do not
    // exist yet: such a rule is tried on every section instead.
    best.filter(|((section, _, _), _)| *section >= last_section)
        .map(|(_, chosen)| chosen)
}

/// The same for a rule that is not compiled.
pub(super) fn choose_of_rule(rule: &Rule) -> Option<(BufferId, &Content)> {
    choose(&rule.options)
}

/// Section, whether the rule states it, length.
type Rank = (u8, bool, usize);

/// Which section of an exchange makes a buffer new, in the order in which they come.
fn section(buffer: BufferId) -> u8 {
    match buffer {
        BufferId::HttpStatCode | BufferId::HttpStatMsg => 1,
        BufferId::HttpClientBody
        | BufferId::HttpRawBody
        | BufferId::FileData
        | BufferId::PktData
        | BufferId::RawData => 2,
        _ => 0,
    }
}

/// Whether every match of the content lies in a buffer that is searched, and shows there.
fn serves(buffer: &BufferSelector, content: &Content) -> bool {
    if !content.can_be_fast() || buffer.request || !is_searched(buffer.id) {
        return false;
    }
    match &buffer.part {
        BufferPart::Whole => true,
        BufferPart::Uri(part) => matches!(part, UriPart::Path | UriPart::Query | UriPart::Fragment),
        // Within one field runs of blanks, folds and repeated fields are joined, in the
        // whole header they are not: what may be such a joint would not be found there.
        BufferPart::Field(_) => {
            let (bytes, _) = content.fast_bytes();
            !bytes.iter().any(|byte| b" \t,".contains(byte))
        }
        BufferPart::Param(..) => false,
    }
}

/// Buffers that are searched for fast patterns, as in Snort: a rule whose contents are all
/// in other buffers is tried on every unit that has them.
fn is_searched(buffer: BufferId) -> bool {
    matches!(
        buffer,
        BufferId::PktData
            | BufferId::RawData
            | BufferId::FileData
            | BufferId::HttpUri
            | BufferId::HttpRawUri
            | BufferId::HttpHeader
            | BufferId::HttpRawHeader
            | BufferId::HttpCookie
            | BufferId::HttpMethod
            | BufferId::HttpStatCode
            | BufferId::HttpStatMsg
            | BufferId::HttpClientBody
            | BufferId::HttpRawBody
    )
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matcher({} patterns)", self.rules.len())
    }
}
