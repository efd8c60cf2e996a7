//! The eBPF object, as the build script embedded it.

use super::KernelError;

/// The ELF object, or what to do to have one.
pub(super) fn bytes() -> Result<&'static [u8], KernelError> {
    OBJECT.ok_or(KernelError::NoObject)
}

// The ELF parser reads it in place and needs it aligned.
#[cfg(has_ebpf_object)]
const OBJECT: Option<&[u8]> = Some(aya::include_bytes_aligned!(concat!(
    env!("OUT_DIR"),
    "/dpi-ebpf"
)));
#[cfg(not(has_ebpf_object))]
const OBJECT: Option<&[u8]> = None;
