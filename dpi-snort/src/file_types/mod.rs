//! Types of files by their first bytes: those that are known anyway (`stock`), and those that
//! `file_id` rules define (`definitions`). Which bytes are the beginning of a file is the business
//! of the inspectors; what a rule asks is `file_type` in `ips_options`.

mod definitions;
mod set;
mod stock;
#[cfg(test)]
mod tests;

pub use definitions::{FileDefinitions, MAX_OWN_TYPES, TYPE_DEPTH};
pub use set::FileTypes;
