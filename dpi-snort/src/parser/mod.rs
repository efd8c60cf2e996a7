//! Text → rules.
//!
//! Reads rule files into [`Rule`]s and [`RuleError`]s: a bad rule is reported by place and
//! reason, and the rest of its file is loaded. `lexer` and `raw_rule` split a text, `snort2`
//! turns rules in the syntax of Snort 2 into that of Snort 3, `builder` understands a rule,
//! `print` writes it in canonical form. `filter_line` reads the filters that files of Snort 2 hold. There is no I/O here; whoever calls gives file names
//! and bytes. What an option means is in `ips_options`.

mod address;
mod builder;
mod classification;
mod dialect;
mod directive;
mod error;
mod file_types;
mod filter_line;
mod header;
mod hint;
pub(crate) mod lexer;
mod port;
mod print;
mod raw_rule;
mod reader;
mod rule;
mod ruleset;
mod snort2;
mod text;
mod variables;

pub use address::AddressSet;
pub use classification::{Classification, ClassificationConfig, ReferenceConfig};
pub use dialect::Dialect;
pub use error::{HeaderError, Needs, Reason, RuleError, RuleWarning, SyntaxError, Warning};
pub use filter_line::FilterLineError;
pub(crate) use header::Ends;
pub use header::{Protocol, RuleHeader};
pub use port::PortSet;
pub use reader::{Alone, RuleReader, RuleText, Surroundings};
pub use rule::{FileMeta, Origin, Reference, Rule, RuleId};
pub use ruleset::{Ruleset, parse_files, parse_text, parse_text_in};
pub use variables::Variables;
