//! Kernel ABI shared by the eBPF programs and user space: maps, hash layout, counters, prefilter.
#![cfg_attr(not(feature = "user"), no_std)]
