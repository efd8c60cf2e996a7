//! TC classifiers: select, parse, prefilter, hand off.
//!
//! On the host this is an empty program, so that the whole workspace can be
//! linted and built without a BPF toolchain; `cargo xtask build` makes the object.
fn main() {}
