//! The literal of each rule that is searched first: a rule is tried on a unit only if it
//! occurs in a buffer that is new with the unit.

use crate::{
    buffers::{BufferId, BufferPart, BufferSelector, UriPart},
    ips_options::{Content, IpsOption},
    parser::Rule,
};

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
