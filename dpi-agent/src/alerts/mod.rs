//! From a worker's alert to a line of output.
//!
//! `enrich` makes the record and names its ends, `format` makes it a line, `output` queues
//! and writes it on a thread of its own. Nothing here finds an alert or limits how many
//! there are.

mod enrich;
mod format;
mod output;
#[cfg(test)]
mod tests;

pub use enrich::record;
pub use format::Format;
pub use output::{AlertOutput, OutputError};
