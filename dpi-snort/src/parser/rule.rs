//! A parsed rule.

use std::sync::Arc;

use crate::{filters::DetectionFilter, ips_options::IpsOption, output::Action, parser::RuleHeader};

/// Generator and rule id: what names a rule. `sid` is 0 where a rule states none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId {
    /// Generator; 1 for text rules.
    pub gid: u32,
    /// Rule.
    pub sid: u32,
}

/// One rule of a rule file.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Generator and rule id.
    pub id: RuleId,
    /// Revision; 0 where the rule states none.
    pub rev: u32,
    /// The action word.
    pub action: Action,
    /// Protocol, addresses, ports, direction.
    pub header: RuleHeader,
    /// Message, empty where the rule states none.
    pub msg: Box<str>,
    /// `classtype` as given.
    pub classtype: Option<Box<str>>,
    /// Description of the classtype, from `classification.config`.
    pub category: Option<Box<str>>,
    /// `priority`, else that of the classtype, else 0 (Snort's value for "none").
    pub priority: u32,
    /// Whether the rule states a `priority` of its own.
    pub has_priority: bool,
    /// `reference` options: system and id.
    pub references: Vec<Reference>,
    /// `metadata` entries as given.
    pub metadata: Vec<Box<str>>,
    /// Services of `service` options, of the protocol word and of the buffers used; lower
    /// case, sorted. Empty: the rule hangs on its ports alone.
    pub services: Vec<Box<str>>,
    /// Detection options in the order given.
    pub options: Vec<IpsOption>,
    /// The file type that the rule defines: it is a `file_id` rule, its options are on the first
    /// bytes of a file, and it matches nothing by itself.
    pub defines: Option<FileMeta>,
    /// `flowbits:noalert`: the rule sets its bits and stays silent.
    pub noalert: bool,
    /// `detection_filter`.
    pub detection_filter: Option<DetectionFilter>,
    /// Where the rule stands.
    pub origin: Origin,
}

/// `file_meta`: the file type that a rule defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMeta {
    /// `type`.
    pub name: Box<str>,
    /// Hash of the rule's canonical text: that of another definition is another one.
    pub(crate) text: u64,
}

/// A `reference`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The system ("cve", "url"), as given.
    pub system: Box<str>,
    /// The id within it.
    pub id: Box<str>,
}

/// Place in a rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// File name as given to the parser.
    pub file: Arc<str>,
    /// Line of the rule's first word, from 1.
    pub line: u32,
}
