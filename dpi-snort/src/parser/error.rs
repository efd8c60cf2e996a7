//! What can be wrong with a rule, by place and reason.

use std::{fmt, sync::Arc};

use thiserror::Error;

use super::FilterLineError;
use crate::ips_options::OptionError;

/// A rule that could not be loaded; the rest of its file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// File name as given to the parser.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1, where it is known more exactly than the line.
    pub column: Option<u32>,
    /// The rule's sid, where it could be read.
    pub sid: Option<u32>,
    /// The option at fault.
    pub option: Option<Box<str>>,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Reason {
    /// The text is not a rule.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// The part before the parenthesis.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A line of `threshold.conf`, or the option `threshold`.
    #[error(transparent)]
    Filter(#[from] FilterLineError),
    /// An option.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The rule is valid in Snort and needs what does not exist here.
    #[error("valid, but inactive: it needs {0}")]
    Inactive(Needs),
}

/// What an inactive rule waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Needs {
    /// The inspector of a protocol.
    #[error("the {0} inspector")]
    Inspector(&'static str),
    /// An option that is not built.
    #[error("the option {0}")]
    Option(&'static str),
    /// A type of files, named by `file_type`, whose first bytes are not known here.
    #[error("a file type that is not defined here")]
    FileType,
    /// Types of files beyond those that there is room for.
    #[error("room for more than {max} file types of one's own")]
    FileTypes {
        /// Types that there is room for.
        max: usize,
    },
    /// A file type that hangs on more than a file.
    #[error("more than the bytes of a file")]
    MoreThanAFile,
    /// Events of Snort's own decoders (a gid other than 1 without options).
    #[error("built-in decoder events (gid {0})")]
    BuiltinEvents(u32),
    /// An event of a generator that exists here, with a number that does not.
    #[error("the built-in event {gid}:{sid} (`dpi-agent rules builtin` lists those there are)")]
    BuiltinEvent {
        /// The generator.
        gid: u32,
        /// The number.
        sid: u32,
    },
}

/// Why text could not be read as a rule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SyntaxError {
    #[error(
        "unknown action {found:?}: a rule begins with alert, block, drop, log, pass, react, reject or rewrite"
    )]
    UnknownAction { found: Box<str> },
    #[error("the rule ends before its closing parenthesis")]
    Incomplete,
    #[error("unexpected {found:?}")]
    Unexpected { found: Box<str> },
    #[error("string without a closing quote")]
    UnclosedString,
    #[error("rule of more than {max} bytes")]
    TooLong { max: usize },
    #[error("more than {max} options in one rule")]
    TooManyOptions { max: usize },
    #[error("{path:?} cannot be included: {reason}")]
    Include { path: Box<str>, reason: Box<str> },
    #[error("the action {found:?} does not exist in Snort 3: use flowbits")]
    OldAction { found: Box<str> },
}

/// Why a rule's header is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum HeaderError {
    #[error("a header is: action protocol [address [port]] -> [address [port]]")]
    Shape,
    #[error("unknown protocol {found:?}")]
    Protocol { found: Box<str> },
    #[error("unknown direction {found:?}: use -> or <>")]
    Direction { found: Box<str> },
    #[error("{found:?} is not an address, a network or a list of them")]
    Address { found: Box<str> },
    #[error("{found:?} is not a port, a range a:b or a list of them")]
    Port { found: Box<str> },
    #[error("port range {first}:{last} ends before it begins")]
    PortRange { first: u16, last: u16 },
    #[error("unknown variable ${name}")]
    UnknownVariable { name: Box<str> },
    #[error("empty list")]
    EmptyList,
    #[error("nothing is left: the negated entries cover everything")]
    NothingLeft,
    #[error("{negated} is negated and covers {network}")]
    NegationCovers {
        negated: Box<str>,
        network: Box<str>,
    },
    #[error("lists nested more than {max} deep")]
    TooDeep { max: usize },
    #[error("a variable is set by: ipvar NAME addresses, or portvar NAME ports")]
    VariableShape,
    #[error("unbalanced brackets in {found:?}")]
    Brackets { found: Box<str> },
}

impl RuleError {
    /// Whether the rule is valid and only lacks its inspector.
    pub fn is_inactive(&self) -> bool {
        matches!(self.reason, Reason::Inactive(_))
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        write!(f, ": ")?;
        if let Some(sid) = self.sid {
            write!(f, "sid {sid}: ")?;
        }
        if let Some(option) = &self.option {
            write!(f, "{option}: ")?;
        }
        write!(f, "{}", self.reason)
    }
}

impl std::error::Error for RuleError {}

/// Something odd that changes what is loaded, though nothing is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleWarning {
    /// File name as given to the parser.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// The rule's sid, where the warning is of one rule.
    pub sid: Option<u32>,
    /// What was done.
    pub what: Warning,
}

/// What a [`RuleWarning`] tells.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Warning {
    #[error("{gid}:{sid} is given twice; rev {kept} is kept, rev {dropped} dropped")]
    Duplicate {
        gid: u32,
        sid: u32,
        kept: u32,
        dropped: u32,
    },
    #[error("its threshold is taken for an event_filter of the rule")]
    Threshold,
    #[error("`{word}` is configuration of Snort 2 and has no effect here")]
    Directive { word: Box<str> },
    #[error("no fast pattern: it is tried on every packet of its ports; a content helps")]
    NoFastPattern,
    #[error("its fast pattern of {length} bytes is looked for on every port: it slows all traffic")]
    ShortFastPattern { length: usize },
    #[error("the work of the expression may have no bound: {what}")]
    UnboundedExpression { what: &'static str },
    #[error("flowbit {name} is set and never checked")]
    BitNeverChecked { name: Box<str> },
    #[error("flowbit {name} is checked and never set")]
    BitNeverSet { name: Box<str> },
    #[error("service {service} on port {port}, which is that of {owner}")]
    ServicePort {
        service: Box<str>,
        port: u16,
        owner: &'static str,
    },
    #[error("service {service} does not run over the rule's protocol")]
    ServiceProtocol { service: Box<str> },
    #[error("classtype {name:?} is not in classification.config")]
    UnknownClasstype { name: Box<str> },
}

impl fmt::Display for RuleWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(sid) = self.sid {
            write!(f, "sid {sid}: ")?;
        }
        write!(f, "{}", self.what)
    }
}
