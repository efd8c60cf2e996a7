//! A packet's bytes and metadata, bounds-checked.

use aya_ebpf::{bindings::__sk_buff, helpers::generated as helpers, programs::TcContext};

/// The packet under the program. Reading it changes nothing: bytes outside the linear
/// part are copied out, never pulled in.
pub(crate) struct Frame<'a> {
    ctx: &'a TcContext,
}

/// Headers are looked for within this many bytes; it also bounds the offsets for the
/// verifier.
const MAX_OFFSET: usize = 0x7fff;

impl<'a> Frame<'a> {
    #[inline(always)]
    pub(crate) fn new(ctx: &'a TcContext) -> Self {
        Frame { ctx }
    }

    /// For logging.
    #[inline(always)]
    pub(crate) fn ctx(&self) -> &TcContext {
        self.ctx
    }

    #[inline(always)]
    pub(crate) fn skb(&self) -> *mut __sk_buff {
        self.ctx.skb.skb
    }

    /// Bytes, link header included.
    #[inline(always)]
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.ctx.len())
    }

    #[inline(always)]
    pub(crate) fn ifindex(&self) -> u32 {
        // SAFETY: the kernel passes a valid context, and the verifier checks the field.
        unsafe { (*self.skb()).ifindex }
    }

    /// Whether a VLAN tag travels beside the bytes (`vlan_tci`).
    #[inline(always)]
    pub(crate) fn has_offloaded_tag(&self) -> bool {
        // SAFETY: as in `ifindex`.
        unsafe { (*self.skb()).vlan_present != 0 }
    }

    /// The `T` at `offset`, if the packet is long enough; as it lies there, so that
    /// numbers are in network byte order.
    #[inline(always)]
    pub(crate) fn load<T: Wire>(&self, offset: usize) -> Option<T> {
        if offset > MAX_OFFSET {
            return None;
        }
        let start = self.ctx.data() + offset;
        if start + size_of::<T>() <= self.ctx.data_end() {
            // SAFETY: `T` is plain bytes and lies within the packet; the verifier
            // follows the same comparison.
            return Some(unsafe { (start as *const T).read_unaligned() });
        }
        self.copy(offset)
    }

    /// The same by a helper call, wherever the bytes lie.
    #[inline(always)]
    pub(crate) fn copy<T: Wire>(&self, offset: usize) -> Option<T> {
        let mut value = core::mem::MaybeUninit::<T>::uninit();
        // SAFETY: the destination has `size_of::<T>()` bytes, and on success the helper
        // has written all of them.
        unsafe {
            let result = helpers::bpf_skb_load_bytes(
                self.skb().cast(),
                offset as u32,
                value.as_mut_ptr().cast(),
                size_of::<T>() as u32,
            );
            (result == 0).then(|| value.assume_init())
        }
    }
}

/// Plain bytes: every bit pattern is a value.
///
/// At least two of them: the compiler makes `start < end` of the bounds check of a single
/// byte, from which the verifier learns nothing at a variable offset.
pub(crate) trait Wire: Copy {}
impl Wire for u16 {}
impl Wire for u32 {}
impl<const N: usize> Wire for [u8; N] {}
impl<const N: usize> Wire for [u16; N] {}
impl<const N: usize> Wire for [u32; N] {}
