//! Text → rules.
//!
//! Reads Snort 3 rule files into [`Rule`]s and [`RuleError`]s: a bad rule is reported by
//! place and reason, and the rest of its file is loaded. There is no I/O here; whoever
//! calls gives file names and bytes. What an option means is in `ips_options`.

mod address;
mod builder;
mod classification;
mod error;
mod header;
pub(crate) mod lexer;
mod port;
mod rule;
mod ruleset;
mod text;
mod variables;

pub use address::AddressSet;
pub use classification::{Classification, ClassificationConfig, ReferenceConfig};
pub use error::{HeaderError, Needs, Reason, RuleError, RuleWarning, SyntaxError, Warning};
pub(crate) use header::Ends;
pub use header::{Protocol, RuleHeader};
pub use port::PortSet;
pub use rule::{Origin, Reference, Rule, RuleId};
pub use ruleset::{Ruleset, parse_files, parse_text};
pub use variables::Variables;
