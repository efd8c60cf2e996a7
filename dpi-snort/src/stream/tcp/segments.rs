//! What came too early: pieces of a stream by their offset.

use super::tree::{Place, Side, Tree};

/// What one stored piece costs besides its bytes.
const PIECE_OVERHEAD: usize = 96;

/// Pieces as the kernel's out-of-order queue keeps them, in order of their starts. Where two
/// overlap, the one that starts first gives the bytes. A FIN takes a place of its own behind
/// the bytes, as a sequence number does.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    pieces: Tree<Piece>,
    /// The piece that is last in order (`ooo_last_skb`).
    last: Option<Place>,
    bytes: usize,
}

/// What one segment brought, or several that came one right behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Offset of the first of them.
    start: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether the stream ends behind them.
    pub fin: bool,
    /// Places of FINs that bytes came behind: they belong to no byte.
    swallowed: u64,
}

impl Piece {
    fn new(start: u64, bytes: &[u8], fin: bool) -> Piece {
        Piece {
            start,
            bytes: bytes.to_vec(),
            fin,
            swallowed: 0,
        }
    }

    /// Offset behind it, its FIN included.
    fn end(&self) -> u64 {
        end(self.start, &self.bytes, self.fin).saturating_add(self.swallowed)
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

/// What the way down the tree came to.
enum Way {
    /// A piece covers the new one.
    Covered,
    /// It was joined to a piece.
    Joined,
    /// It takes the place of a piece that begins where it does and is shorter.
    Replaces(Place),
    /// It goes here; `None`: it is the first.
    Here(Option<(Place, Side)>),
}

impl Segments {
    /// Stores a piece as `tcp_data_queue_ofo` of Linux 6 does: joined to the last one if it
    /// comes right behind it; else compared with pieces on the way down the tree: dropped if
    /// one of them covers it, joined if one ends where it begins; then it takes the place of
    /// every piece behind it that it covers.
    pub fn insert(&mut self, start: u64, bytes: &[u8], fin: bool) {
        let end = end(start, bytes, fin);
        let at = match self.way(start, end, bytes, fin) {
            Way::Covered => return,
            Way::Joined => {
                self.bytes = self.bytes.saturating_add(bytes.len());
                return;
            }
            Way::Replaces(at) => {
                if let Some(piece) = self.pieces.get_mut(at) {
                    self.bytes = self.bytes.saturating_sub(piece.bytes.len());
                    *piece = Piece::new(start, bytes, fin);
                }
                at
            }
            Way::Here(under) => self.pieces.insert(under, Piece::new(start, bytes, fin)),
        };
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.merge_behind(at, end);
    }

    fn way(&mut self, start: u64, end: u64, bytes: &[u8], fin: bool) -> Way {
        if let Some(last) = self.last
            && let Some(piece) = self.pieces.get_mut(last)
        {
            if piece.end() == start {
                piece.extend(bytes, fin);
                return Way::Joined;
            }
            if start > piece.end() {
                return Way::Here(Some((last, Side::Right)));
            }
        }
        let (mut under, mut next) = (None, self.pieces.root());
        while let Some(at) = next {
            let side = match self.pieces.get_mut(at) {
                Some(piece) if start >= piece.start => {
                    if start < piece.end() {
                        if end <= piece.end() {
                            return Way::Covered;
                        }
                        if start == piece.start {
                            return Way::Replaces(at);
                        }
                    } else if piece.end() == start {
                        piece.extend(bytes, fin);
                        return Way::Joined;
                    }
                    Side::Right
                }
                _ => Side::Left,
            };
            under = Some((at, side));
            next = self.pieces.child(at, side);
        }
        Way::Here(under)
    }

    /// Removes the pieces behind one that it covers.
    fn merge_behind(&mut self, at: Place, end: u64) {
        while let Some(next) = self.pieces.next(at) {
            if self.pieces.get(next).is_none_or(|piece| piece.end() > end) {
                return;
            }
            self.remove(next);
        }
        self.last = Some(at);
    }

    fn remove(&mut self, at: Place) -> Piece {
        let piece = self.pieces.remove(at);
        self.bytes = self.bytes.saturating_sub(piece.bytes.len());
        piece
    }

    /// Takes out the first piece if it begins at or before `at`, without what lies before `at`.
    pub fn take_at(&mut self, at: u64) -> Option<Piece> {
        loop {
            let first = self.pieces.first()?;
            if self.first()? > at {
                return None;
            }
            if self.last == Some(first) {
                self.last = None;
            }
            let mut piece = self.remove(first);
            if piece.end() > at {
                let skip = usize::try_from(at.saturating_sub(piece.start)).unwrap_or(usize::MAX);
                piece.bytes.drain(..skip.min(piece.bytes.len()));
                piece.start = at;
                return Some(piece);
            }
        }
    }

    /// Offset of the first piece.
    pub fn first(&self) -> Option<u64> {
        let first = self.pieces.get(self.pieces.first()?)?;
        Some(first.start)
    }

    /// Memory in use.
    pub fn cost(&self) -> usize {
        self.bytes
            .saturating_add(self.pieces.len().saturating_mul(PIECE_OVERHEAD))
    }
}

fn end(start: u64, bytes: &[u8], fin: bool) -> u64 {
    let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    start.saturating_add(len).saturating_add(u64::from(fin))
}
