//! A Bloom filter small enough for vector registers: for up to a thousand windows or so.
//!
//! Three rows of bits. Each row's place is given by one hash byte, or seven bits of it (the
//! byte in the table), and three bits of the next one (the bit in the byte); of the largest
//! tables a fourth bit of that is the highest of the byte's number. The hash bytes
//! are linear functions of the window's bits, since one instruction of GFNI computes one for
//! a whole vector; that leaving out a bit is linear too makes folding case free.

use super::{Masks, Span, fill_each};

/// The filter's tables: three rows behind each other.
#[derive(Clone, Debug)]
pub(in crate::sieve) struct Bloom {
    pub(in crate::sieve) rows: Box<[Line]>,
    /// Bytes of the window: 3 or 4.
    pub(in crate::sieve) width: usize,
}

/// A part of a row. Aligned, since loads across two cache lines take twice as long.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(in crate::sieve) struct Line(pub(in crate::sieve) [u8; LINE]);

const LINE: usize = 64;

/// 8×8 bit matrices by hash byte and byte of the window, in GF2P8AFFINEQB's layout: byte
/// 7 − i of the number is the row of result bit i. Arbitrary, but for bit 5 being left out.
#[cfg(target_arch = "x86_64")]
pub(in crate::sieve) static MAPS: [[u64; 4]; 3] = maps();
/// The three hash bytes that a byte adds (by exclusive or) at each place of the window.
static HASHES: [[u32; 256]; 4] = hashes();

impl Bloom {
    /// `windows` are the low `width` bytes of each window. Tables have 128, 256 or 512 bytes.
    pub(in crate::sieve) fn new(windows: &[u32], width: usize, table_len: usize) -> Bloom {
        let mut bloom = Bloom {
            rows: vec![Line([0; LINE]); 3 * table_len / LINE].into(),
            width,
        };
        for window in windows {
            let hash = bloom.hash(*window);
            for (row, table) in bloom.rows.chunks_mut(table_len / LINE).enumerate() {
                let (index, bit) = place(hash, row, table_len);
                let line = table.get_mut(index / LINE);
                if let Some(byte) = line.and_then(|line| line.0.get_mut(index % LINE)) {
                    *byte |= bit;
                }
            }
        }
        bloom
    }

    pub(in crate::sieve) fn table_len(&self) -> usize {
        self.rows.len() * LINE / 3
    }

    /// The share of other windows that pass such tables with so many windows in them.
    pub(in crate::sieve) fn pass_rate(windows: usize, table_len: usize) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let load = windows as f32 / (table_len * 8) as f32;
        (1.0 - (-load).exp()).powi(3)
    }

    pub(super) fn memory(&self) -> usize {
        self.rows.len() * LINE
    }

    pub(in crate::sieve) fn fill(&self, haystack: &[u8], span: Span, masks: &mut Masks) -> usize {
        let table_len = self.table_len();
        fill_each(span, masks, |at| {
            #[expect(clippy::cast_possible_truncation, reason = "the low four bytes")]
            let hash = self.hash(super::super::hash::word_at(haystack, at) as u32);
            let rows = self.rows.chunks(table_len / LINE);
            rows.enumerate().all(|(row, table)| {
                let (index, bit) = place(hash, row, table_len);
                let line = table.get(index / LINE);
                let byte = line.and_then(|line| line.0.get(index % LINE));
                byte.is_some_and(|byte| byte & bit != 0)
            })
        })
    }

    fn hash(&self, window: u32) -> [u8; 4] {
        let bytes = window.to_le_bytes();
        let used = HASHES.iter().zip(bytes).take(self.width);
        used.fold(0, |hash, (table, byte)| {
            hash ^ table.get(usize::from(byte)).copied().unwrap_or(0)
        })
        .to_le_bytes()
    }
}

/// Where a row looks: the byte of its table and the bit in it.
fn place(hash: [u8; 4], row: usize, table_len: usize) -> (usize, u8) {
    let [a, b, c, _] = hash;
    let (index, bit) = match row {
        0 => (a, b),
        1 => (b, c),
        _ => (c, a),
    };
    let index = usize::from(index) | usize::from(bit >> 3 & 1) << 8;
    (index & (table_len - 1), 1 << (bit & 7))
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn maps() -> [[u64; 4]; 3] {
    let mut maps = [[0; 4]; 3];
    let mut state = 0x5bd1_e995_9e37_79b9_u64;
    let mut hash = 0;
    while hash < 3 {
        let mut place = 0;
        while place < 4 {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = state;
            bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            maps[hash][place] = (bits ^ bits >> 31) & !0x2020_2020_2020_2020;
            place += 1;
        }
        hash += 1;
    }
    maps
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn hashes() -> [[u32; 256]; 4] {
    let maps = maps();
    let mut hashes = [[0; 256]; 4];
    let mut place = 0;
    while place < 4 {
        let mut byte = 0;
        while byte < 256 {
            let mut hash = 0;
            while hash < 3 {
                let mut bit = 0;
                while bit < 8 {
                    let row = maps[hash][place] >> (8 * (7 - bit)) & byte as u64;
                    hashes[place][byte] |= (row.count_ones() & 1) << (8 * hash + bit);
                    bit += 1;
                }
                hash += 1;
            }
            byte += 1;
        }
        place += 1;
    }
    hashes
}
