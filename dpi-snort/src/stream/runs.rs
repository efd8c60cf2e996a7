//! Which parts of a datagram have come, counted as the Linux kernel counts them
//! (`inet_frag_queue_insert`, since 5.0 for both versions of IP).

use std::collections::BTreeMap;

/// Runs of adjoining pieces. A piece joins a run only if it comes right behind the last
/// piece of all; one that fills a hole is a run of its own, though it adjoins others.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// End of each run by its start; they do not overlap.
    runs: BTreeMap<u32, u32>,
    /// Start of the last run, and end of its last piece.
    last: Option<(u32, u32)>,
}

/// What a piece is to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// New bytes.
    New,
    /// All of it lies within one run: it is ignored, whatever its bytes.
    Repeated,
    /// It shares bytes with others in any other way.
    Overlaps,
}

impl Runs {
    /// Takes a piece that is not empty.
    pub(super) fn place(&mut self, start: u32, end: u32) -> Placed {
        match self.last {
            Some((run, last_end)) if last_end < end => {
                if start < last_end {
                    return Placed::Overlaps;
                }
                let run = if start == last_end { run } else { start };
                self.runs.insert(run, end);
                self.last = Some((run, end));
                Placed::New
            }
            Some(_) => self.place_between(start, end),
            None => {
                self.runs.insert(start, end);
                self.last = Some((start, end));
                Placed::New
            }
        }
    }

    fn place_between(&mut self, start: u32, end: u32) -> Placed {
        let before = self.runs.range(..=start).next_back();
        if let Some((_, run_end)) = before
            && *run_end > start
        {
            return if end <= *run_end {
                Placed::Repeated
            } else {
                Placed::Overlaps
            };
        }
        if self.runs.range(start..end).next().is_some() {
            return Placed::Overlaps;
        }
        self.runs.insert(start, end);
        Placed::New
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_placed_as_in_the_kernel() {
        use Placed::{New, Overlaps, Repeated};
        let table: &[&[(u32, u32, Placed)]] = &[
            &[(0, 8, New), (8, 16, New), (0, 16, Repeated)],
            // The same bytes in two runs are no repetition.
            &[(8, 16, New), (0, 8, New), (0, 16, Overlaps)],
            &[(0, 8, New), (0, 16, Overlaps)],
            &[(0, 8, New), (4, 8, Repeated), (4, 12, Overlaps)],
            &[(16, 24, New), (0, 8, New), (4, 12, Overlaps), (8, 16, New)],
            &[(16, 24, New), (0, 24, Overlaps)],
            &[(16, 24, New), (8, 17, Overlaps), (23, 24, Repeated)],
            &[
                (0, 8, New),
                (16, 24, New),
                (24, 32, New),
                (18, 30, Repeated),
            ],
        ];
        for pieces in table {
            let mut runs = Runs::default();
            for (start, end, expected) in *pieces {
                let found = runs.place(*start, *end);
                assert_eq!(found, *expected, "{start}..{end} of {pieces:?}");
            }
        }
    }
}
