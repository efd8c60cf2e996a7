//! The filters in vector instructions: with `pcre/ffi.rs`, the only unsafe code.
//!
//! Every function here is safe to call with any arguments: it panics if the span is not
//! inside the haystack or longer than the masks, before it reads anything. That the processor
//! has the instructions is proved by a [`Form`].
#![allow(
    unsafe_code,
    reason = "vector instructions; each block states its guarantee"
)]

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86;

use super::filter::{Batch, Bitmap, Bloom, CHUNK, Masks, Offsets, Span, Teddy, offsets_of};
use crate::Engine;

/// An engine whose instructions this processor has: made only after asking it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form(Engine);

impl Form {
    /// The engine's form, or the portable one where its instructions are missing.
    pub(super) fn new(engine: Engine) -> Form {
        Form(if engine.is_available() {
            engine
        } else {
            Engine::Portable
        })
    }

    pub(super) fn engine(self) -> Engine {
        self.0
    }
}

/// As `Teddy::fill`, with the form's instructions.
pub(super) fn teddy(
    teddy: &Teddy,
    form: Form,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    check(haystack, span);
    match form.0 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the form proves AVX-512 F, BW, VBMI, VBMI2 and GFNI.
        Engine::Avx512 => unsafe { x86::teddy_avx512(teddy, haystack, span, masks) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the form proves AVX2.
        Engine::Avx2 => unsafe { x86::teddy_avx2(teddy, haystack, span, masks) },
        #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
        // SAFETY: NEON is part of the target's base.
        Engine::Neon => unsafe { neon::teddy(teddy, haystack, span, masks) },
        _ => teddy.fill(haystack, span, masks),
    }
}

/// As `Bloom::fill`, with the form's instructions.
pub(super) fn bloom(
    bloom: &Bloom,
    form: Form,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    check(haystack, span);
    match form.0 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the form proves AVX-512 F, BW, VBMI, VBMI2 and GFNI.
        Engine::Avx512 => unsafe { x86::bloom(bloom, haystack, span, masks) },
        _ => bloom.fill(haystack, span, masks),
    }
}

/// The bits of the first 64 positions by AVX-512, if that is the form.
#[inline]
pub(super) fn bloom_first(bloom: &Bloom, form: Form, haystack: &[u8], span: Span) -> Option<u64> {
    match form.0 {
        #[cfg(target_arch = "x86_64")]
        Engine::Avx512 => {
            check(haystack, span);
            // SAFETY: the form proves AVX-512 F, BW, VBMI, VBMI2 and GFNI.
            Some(unsafe { x86::bloom_first(bloom, haystack, span) })
        }
        _ => None,
    }
}

/// As `Bitmap::fill`, with the form's instructions.
pub(super) fn bitmap(
    bitmap: &Bitmap,
    form: Form,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
    batch: &mut Batch,
) -> usize {
    check(haystack, span);
    // The product's bits that are left number the bits of the map, and no more.
    assert!(bitmap.words.len() as u64 * 64 == 1 << (32 - bitmap.shift));
    match form.0 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the form proves AVX-512 F, BW, VBMI, VBMI2 and GFNI; the size
        // was compared above.
        Engine::Avx512 => unsafe { x86::bitmap_avx512(bitmap, haystack, span, masks, batch) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the form proves AVX2 and what comes with it; the size
        // was compared above.
        Engine::Avx2 => unsafe { x86::bitmap_avx2(bitmap, haystack, span, masks) },
        #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
        // SAFETY: NEON is part of the target's base; the size was compared above.
        Engine::Neon => unsafe { neon::bitmap(bitmap, haystack, span, masks, batch) },
        _ => bitmap.fill(haystack, span, masks),
    }
}

/// Work that is compiled anew for each set of instructions: `run` and what it calls must be
/// inlined for that. A closure would not be.
pub(super) trait Body {
    fn run(self);
}

/// Runs `body` where the compiler may use the bit instructions that came with the engine's
/// vectors.
#[inline]
pub(super) fn with_bit_instructions(form: Form, body: impl Body) {
    match form.0 {
        #[cfg(target_arch = "x86_64")]
        Engine::Avx512 | Engine::Avx2 => {
            // SAFETY: the form proves AVX2, and what the function needs besides.
            unsafe { x86::with_bit_instructions(body) }
        }
        _ => body.run(),
    }
}

/// The offsets of the bits of the first `words` masks, `stride` apart, by rising offset;
/// returns how many.
#[expect(clippy::inline_always, reason = "a part of the scan's loop")]
#[inline(always)]
pub(super) fn flatten(
    form: Form,
    masks: &Masks,
    words: usize,
    stride: usize,
    at: &mut Offsets,
) -> usize {
    match form.0 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the form proves AVX-512 F, BW, VBMI, VBMI2 and POPCNT.
        Engine::Avx512 => unsafe { x86::flatten(masks, words, stride, at) },
        _ => offsets_of(masks, words, stride, at),
    }
}

fn check(haystack: &[u8], span: Span) {
    assert!(span.begin <= span.end && span.end <= haystack.len());
    assert!(span.end - span.begin <= CHUNK);
}

/// The 64 positions from `at` and what is behind them, in a block that ends in zeros.
fn padded(haystack: &[u8], at: usize) -> [u8; 128] {
    let mut block = [0; 128];
    let rest = haystack.get(at..).unwrap_or_default();
    for (to, from) in block.iter_mut().zip(rest) {
        *to = *from;
    }
    block
}

/// Ones for the positions from `at` that lie before `end`.
fn valid(at: usize, end: usize) -> u64 {
    let left = end.saturating_sub(at).min(64);
    // Without a branch; in two steps, since a shift by 64 bits is none.
    !(u64::MAX << (left / 2) << (left - left / 2))
}
