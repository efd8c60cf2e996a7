//! What came too early: pieces of a stream by their offset.

use std::collections::BTreeMap;

/// What one stored piece costs besides its bytes.
const PIECE_OVERHEAD: usize = 64;

/// Pieces as the kernel's out-of-order queue keeps them: in order of their starts, none inside
/// another. Where two overlap, the one that starts first gives the bytes.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    pieces: BTreeMap<u64, Vec<u8>>,
    bytes: usize,
}

impl Segments {
    /// Stores a piece as `tcp_data_queue_ofo` of Linux 6 does: dropped if one stored piece
    /// covers it, else it takes the place of every piece that it covers.
    pub fn insert(&mut self, start: u64, bytes: &[u8]) {
        let end = start.saturating_add(len_u64(bytes));
        // Starts and ends are in the same order, so the last piece that starts no later
        // reaches furthest.
        let before = self.pieces.range(..=start).next_back();
        if before.is_some_and(|(at, piece)| at.saturating_add(len_u64(piece)) >= end) {
            return;
        }
        while let Some((at, piece)) = self.pieces.range(start..).next()
            && at.saturating_add(len_u64(piece)) <= end
        {
            let (at, len) = (*at, piece.len());
            self.pieces.remove(&at);
            self.bytes = self.bytes.saturating_sub(len);
        }
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.pieces.insert(start, bytes.to_vec());
    }

    /// Takes out the first piece if it begins at or before `at`, without what lies before `at`.
    pub fn take_at(&mut self, at: u64) -> Option<Vec<u8>> {
        loop {
            let first = self
                .pieces
                .first_entry()
                .filter(|first| *first.key() <= at)?;
            let skip = usize::try_from(at.saturating_sub(*first.key())).unwrap_or(usize::MAX);
            let mut piece = first.remove();
            self.bytes = self.bytes.saturating_sub(piece.len());
            if skip < piece.len() {
                piece.drain(..skip);
                return Some(piece);
            }
        }
    }

    /// Offset of the first piece.
    pub fn first(&self) -> Option<u64> {
        self.pieces.first_key_value().map(|(start, _)| *start)
    }

    /// Memory in use.
    pub fn cost(&self) -> usize {
        self.bytes
            .saturating_add(self.pieces.len().saturating_mul(PIECE_OVERHEAD))
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Segments::default();
    }
}

fn len_u64(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
