//! Rules in the syntax of Snort 2.9 → the same rules in that of Snort 3.
//!
//! Translation is from text to text: `signs` tells whether a rule is one of Snort 2,
//! `translate` walks its options, `content` gathers a content and the modifiers behind it,
//! `buffer` follows which buffer is searched, `options` has the options that only changed
//! their form, `gone` those that have no meaning any more. What comes out is read like any
//! other rule; its places are those of the original.

mod buffer;
mod content;
mod gone;
mod options;
mod signs;
#[cfg(test)]
mod tests;
mod translate;

pub(super) use self::{signs::is_snort2, translate::translate};
