//! The detection engine: frames and rules in, alerts out.
#![forbid(unsafe_code)]
