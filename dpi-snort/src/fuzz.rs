//! Entries for fuzzers: plain functions that take any bytes and must not panic.

pub use crate::service_inspectors::http::fuzz_http as http;
