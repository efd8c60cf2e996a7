//! TC classifiers: select, parse, prefilter, hand off.
//!
//! A packet's road is `select` (whose is it) ▸ `packet` (what is it) ▸ `prefilter` (can a
//! rule say anything of it) ▸ `handoff` (a clone to the sink). Every road ends in
//! `TCX_NEXT`: a workload's packet is never dropped, changed or held.
//!
//! On the host this is an empty program, so that the whole workspace can be
//! linted and built without a BPF toolchain; `cargo xtask build` makes the object.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]

#[cfg(target_arch = "bpf")]
mod frame;
#[cfg(target_arch = "bpf")]
mod handoff;
#[cfg(target_arch = "bpf")]
mod maps;
#[cfg(target_arch = "bpf")]
mod packet;
#[cfg(target_arch = "bpf")]
mod prefilter;
#[cfg(target_arch = "bpf")]
mod programs;
#[cfg(target_arch = "bpf")]
mod select;

#[cfg(not(target_arch = "bpf"))]
fn main() {}
