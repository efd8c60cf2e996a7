//! What came too early: pieces of a stream by their offset.

use std::collections::BTreeMap;

/// What one stored piece costs besides its bytes.
const PIECE_OVERHEAD: usize = 64;
/// Pieces in front of a new one that are compared with it.
const NEAREST: usize = 8;

/// Pieces as the kernel's out-of-order queue keeps them, in order of their starts. Where two
/// overlap, the one that starts first gives the bytes. A FIN takes a place of its own behind
/// the bytes, as a sequence number does.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    pieces: BTreeMap<u64, Piece>,
    bytes: usize,
}

/// What one segment brought, or several that came one right behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether the stream ends behind them.
    pub fin: bool,
    /// Places of FINs that bytes came behind: they belong to no byte.
    swallowed: u64,
}

impl Piece {
    /// Offset behind it, its FIN included.
    fn end(&self, start: u64) -> u64 {
        end(start, &self.bytes, self.fin).saturating_add(self.swallowed)
    }

    /// Takes in what comes right behind it (`tcp_try_coalesce`). The flags are merged too:
    /// behind bytes that came behind a FIN the stream still ends.
    fn extend(&mut self, bytes: &[u8], fin: bool) {
        // One of two FINs is `fin` itself; the place of the other is nobody's.
        self.swallowed = self.swallowed.saturating_add(u64::from(self.fin && fin));
        self.fin |= fin;
        self.bytes.extend_from_slice(bytes);
    }
}

impl Segments {
    /// Stores a piece as `tcp_data_queue_ofo` of Linux 6 does: dropped if one stored piece
    /// covers it; joined to the one that ends where it begins; else it takes the place of
    /// every piece that it covers.
    pub fn insert(&mut self, start: u64, bytes: &[u8], fin: bool) {
        let end = end(start, bytes, fin);
        // The kernel meets the pieces on its way down a tree, we the nearest ones: of three
        // and more that overlap the order of the tree may decide otherwise.
        for (at, piece) in self.pieces.range_mut(..=start).rev().take(NEAREST) {
            let reach = piece.end(*at);
            if reach >= end {
                return;
            }
            if reach == start {
                piece.extend(bytes, fin);
                self.bytes = self.bytes.saturating_add(bytes.len());
                return;
            }
        }
        while let Some((at, piece)) = self.pieces.range(start..).next()
            && piece.end(*at) <= end
        {
            let (at, len) = (*at, piece.bytes.len());
            self.pieces.remove(&at);
            self.bytes = self.bytes.saturating_sub(len);
        }
        self.bytes = self.bytes.saturating_add(bytes.len());
        let piece = Piece {
            bytes: bytes.to_vec(),
            fin,
            swallowed: 0,
        };
        self.pieces.insert(start, piece);
    }

    /// Takes out the first piece if it begins at or before `at`, without what lies before `at`.
    pub fn take_at(&mut self, at: u64) -> Option<Piece> {
        loop {
            let first = self
                .pieces
                .first_entry()
                .filter(|first| *first.key() <= at)?;
            let start = *first.key();
            let mut piece = first.remove();
            self.bytes = self.bytes.saturating_sub(piece.bytes.len());
            if piece.end(start) > at {
                let skip = usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
                piece.bytes.drain(..skip.min(piece.bytes.len()));
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

fn end(start: u64, bytes: &[u8], fin: bool) -> u64 {
    let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    start.saturating_add(len).saturating_add(u64::from(fin))
}
