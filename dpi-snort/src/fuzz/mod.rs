//! Entries for fuzzers: plain functions that take any bytes and panic only if a promise is
//! broken. Fuzz targets call them, and so do tests with every input kept so far.
//!
//! `rules` reads the bytes as rules, `options` as the options of one rule and a payload, `frame` as frames, `stream` as what the ends of a
//! connection send, `http` as a connection already reassembled, `http2` likewise. `both_ways` runs frames
//! through an engine with fast patterns and one that tries every rule: they must agree.

mod both_ways;
mod frame;
mod options;
mod rules;
mod stream;

pub use self::{frame::frames, options::options, rules::rules, stream::stream};
pub use crate::service_inspectors::{http::fuzz_http as http, http2::fuzz_http2 as http2};
