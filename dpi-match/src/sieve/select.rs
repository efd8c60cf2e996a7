//! Which part of each literal is searched for.

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

/// Chooses the windows of the literals that `members` lists: rare ones, and where it costs no
/// more those that others have too, so that the filter has few windows. Literals shorter than
/// `width` + `stride` − 1 are taken whole, which is right only where `stride` is 1.
pub(super) fn select(
    literals: &Literals,
    frequency: &Frequency,
    members: &[u32],
    width: usize,
    stride: usize,
) -> Selection {
    // The shortest literals first: they have the fewest places to choose from.
    let mut order: Vec<(usize, u32)> = members
        .iter()
        .filter_map(|index| Some((literals.get(*index)?.len(), *index)))
        .collect();
    order.sort_unstable();
    let mut chosen = Chosen::new(members.len() * stride);
    let mut windows = Vec::with_capacity(members.len());
    let mut keys = Vec::with_capacity(members.len() * stride);
    for (_, index) in order {
        let Some(literal) = literals.get(index) else {
            continue;
        };
        let bytes = literals.bytes(literal);
        let offset = chosen.cheapest(bytes, frequency, width, stride);
        chosen.add(bytes, offset, width, stride);
        windows.push((index, u16::try_from(offset).unwrap_or(0)));
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

/// The windows that were chosen so far, by hash: an error costs time, never an occurrence.
struct Chosen {
    /// Windows as the filter sees them, a bit each.
    windows: Vec<u64>,
    /// How many literals have the eight bytes at their first window, by their hash.
    crowds: Vec<u16>,
    /// What a window costs that no other literal has, beside the visits.
    new_window: f32,
    /// Scratch: for each offset of a literal, the share of its window.
    shares: Vec<f32>,
}

/// Slots for each window: few of them are taken by others.
const ROOM: usize = 16;
/// What a window costs that others have too, beside a visit for the literal alone: some visits
/// end at the literal.
const SURVIVES: f32 = 0.5;
/// What a window more lets through of what is none, for each window of a filter whose size is
/// not chosen by their number, and at most.
const FALSE_VISITS: f32 = 3e-8;
const MAX_FALSE_VISITS: f32 = 5e-5;
/// Literals with the same eight bytes above which any other place is better.
const CROWDED: f32 = 8.0;

impl Chosen {
    fn new(windows: usize) -> Chosen {
        let slots = (windows * ROOM).next_power_of_two().max(64);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let new_window = (windows as f32 * FALSE_VISITS).min(MAX_FALSE_VISITS);
        Chosen {
            windows: vec![0; slots / 64],
            crowds: vec![0; slots / 4],
            new_window,
            shares: Vec::new(),
        }
    }

    /// Offset of the window, or run of windows, that adds least to the positions visited.
    fn cheapest(
        &mut self,
        bytes: &[u8],
        frequency: &Frequency,
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
        let mut shares = std::mem::take(&mut self.shares);
        shares.clear();
        shares.extend((0..last + stride).map(|at| {
            let window = bytes.get(at..).unwrap_or_default();
            frequency.share(window.get(..width).unwrap_or(window))
        }));
        let mut best = (f32::INFINITY, 0);
        for (offset, run) in shares.windows(stride).enumerate() {
            let new: f32 = (offset..)
                .zip(run)
                .filter(|(at, _)| !self.has(bytes, *at, width))
                .map(|(_, share)| share + self.new_window)
                .sum();
            let all: f32 = run.iter().sum();
            // Traffic made to be near the literals visits a crowd however rare it is.
            let mut crowd = f32::from(self.crowd(bytes, offset));
            if crowd > CROWDED {
                crowd *= crowd;
            }
            let cost = new + all * SURVIVES + (all + self.new_window) * crowd;
            if cost < best.0 {
                best = (cost, offset);
            }
        }
        self.shares = shares;
        best.1
    }

    fn add(&mut self, bytes: &[u8], offset: usize, width: usize, stride: usize) {
        for at in offset..offset + stride {
            let slot = self.slot(bytes, at, width);
            if let Some(word) = self.windows.get_mut(slot / 64) {
                *word |= 1 << (slot % 64);
            }
        }
        let slot = self.crowd_slot(bytes, offset);
        if let Some(crowd) = self.crowds.get_mut(slot) {
            *crowd = crowd.saturating_add(1);
        }
    }

    fn has(&self, bytes: &[u8], at: usize, width: usize) -> bool {
        let slot = self.slot(bytes, at, width);
        let word = self.windows.get(slot / 64).copied().unwrap_or(0);
        word >> (slot % 64) & 1 != 0
    }

    fn crowd(&self, bytes: &[u8], at: usize) -> u16 {
        let slot = self.crowd_slot(bytes, at);
        self.crowds.get(slot).copied().unwrap_or(0)
    }

    fn slot(&self, bytes: &[u8], at: usize, width: usize) -> usize {
        let (key, length) = filter_key(bytes, at, width);
        slot_of(u64::from(key) << 3 | length as u64, self.windows.len() * 64)
    }

    fn crowd_slot(&self, bytes: &[u8], at: usize) -> usize {
        slot_of(hash::fold_key(hash::word_at(bytes, at)), self.crowds.len())
    }
}

/// One of `slots`, a power of two of at least two.
fn slot_of(key: u64, slots: usize) -> usize {
    usize::try_from(hash::mix(key) >> (64 - slots.trailing_zeros())).unwrap_or(0)
}

/// The folded window that the filter sees, and how many bytes of it are the literal's.
pub(super) fn filter_key(bytes: &[u8], offset: usize, width: usize) -> (u32, usize) {
    let length = width.min(bytes.len().saturating_sub(offset)).min(4);
    let word = hash::low_bytes(hash::fold(hash::word_at(bytes, offset)), length.max(1));
    (u32::try_from(word & 0xffff_ffff).unwrap_or(0), length)
}
