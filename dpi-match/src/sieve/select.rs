//! Which part of each literal is searched for.

use std::collections::HashMap;

use super::{frequency::Frequency, hash, literals::Literals};

/// The windows of some literals.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    /// Bytes that the filter looks at.
    pub(super) width: usize,
    pub(super) stride: usize,
    /// Literal and offset of its first window; `stride` of them follow each other.
    pub(super) windows: Vec<(u32, u16)>,
    /// The share of positions at which one of the windows is expected.
    pub(super) hits: f32,
    /// Different windows.
    pub(super) distinct: usize,
}

/// Chooses the rarest windows of the literals that `members` lists. Those shorter than
/// `width` + `stride` − 1 are taken whole, which is right only where `stride` is 1.
pub(super) fn select(
    literals: &Literals,
    frequency: &Frequency,
    members: &[u32],
    width: usize,
    stride: usize,
) -> Selection {
    let mut crowds: HashMap<u64, u32> = HashMap::with_capacity(members.len());
    let mut windows = Vec::with_capacity(members.len());
    let mut keys = Vec::with_capacity(members.len() * stride);
    for index in members {
        let Some(literal) = literals.get(*index) else {
            continue;
        };
        let bytes = literals.bytes(literal);
        let offset = rarest(bytes, frequency, &crowds, width, stride);
        *crowds.entry(wide_key(bytes, offset)).or_default() += 1;
        windows.push((*index, u16::try_from(offset).unwrap_or(0)));
        keys.extend((0..stride).map(|place| filter_key(bytes, offset + place, width)));
    }
    keys.sort_unstable();
    keys.dedup();
    let hits = keys.iter().map(|(key, length)| {
        let bytes = key.to_le_bytes();
        frequency.share(bytes.get(..*length).unwrap_or_default())
    });
    let hits = hits.sum::<f32>().min(1.0);
    Selection {
        width,
        stride,
        windows,
        hits,
        distinct: keys.len(),
    }
}

/// The folded window that the filter sees, and how many bytes of it are the literal's.
pub(super) fn filter_key(bytes: &[u8], offset: usize, width: usize) -> (u32, usize) {
    let length = width.min(bytes.len().saturating_sub(offset)).min(4);
    let word = hash::low_bytes(hash::fold(hash::word_at(bytes, offset)), length.max(1));
    (u32::try_from(word & 0xffff_ffff).unwrap_or(0), length)
}

fn wide_key(bytes: &[u8], offset: usize) -> u64 {
    hash::to_lower(hash::word_at(bytes, offset))
}

/// Offset of the window, or run of windows, whose most frequent one is the rarest.
fn rarest(
    bytes: &[u8],
    frequency: &Frequency,
    crowds: &HashMap<u64, u32>,
    width: usize,
    stride: usize,
) -> usize {
    let run = width + stride - 1;
    // Where eight bytes can be looked up at each window, they are.
    let span = if bytes.len() >= 8 + stride - 1 {
        8 + stride - 1
    } else {
        run
    };
    let last = bytes.len().saturating_sub(span);
    let rarity = |offset: usize| {
        (0..stride)
            .map(|place| {
                let window = bytes.get(offset + place..).unwrap_or_default();
                frequency.bits_of(window.get(..width).unwrap_or(window))
            })
            .fold(f32::INFINITY, f32::min)
    };
    let best = |penalty: &dyn Fn(usize) -> f32| {
        let mut best = (f32::NEG_INFINITY, 0);
        for offset in 0..=last {
            let bits = rarity(offset) - penalty(offset);
            if bits > best.0 {
                best = (bits, offset);
            }
        }
        best.1
    };
    let crowd = |offset: usize| crowds.get(&wide_key(bytes, offset)).copied().unwrap_or(0);
    let plain = best(&|_| 0.0);
    if crowd(plain) == 0 {
        return plain;
    }
    // A bit of rarity halves the visits, and a crowd costs in proportion; twice that, since
    // traffic made to be near the literals visits them however rare they are.
    best(&|offset| {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let crowd = crowd(offset) as f32;
        2.0 * (1.0 + crowd).log2()
    })
}
