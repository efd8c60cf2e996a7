//! A filter and the literals that it leads to.

use super::{
    buckets::{Buckets, Window},
    choose::{Draft, parts},
    filter::{Bitmap, Bloom, Filter, Pairs, Teddy},
    hash,
    literals::Literals,
    select::filter_key,
};
use crate::{FilterKind, LayerPlan};

/// One pass over the bytes.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) filter: Filter,
    pub(super) buckets: Buckets,
    /// Only offsets that it divides are looked at: 1, 2 or 4.
    pub(super) stride: usize,
    /// Bytes from a position to the haystack's end below which no window begins there.
    pub(super) need: usize,
    /// From the first window of a literal to the literal's end, at most.
    pub(super) lead: usize,
    width: usize,
    shortest: usize,
    count: usize,
}

impl Layer {
    /// Builds the tables, and notes in the literals who finds them.
    pub(super) fn new(index: u8, draft: Draft, literals: &mut Literals) -> Layer {
        let Draft { selection, filter } = draft;
        let mut layer = Layer {
            filter: build_filter(&selection, filter, literals),
            buckets: Buckets::default(),
            stride: selection.stride,
            need: selection.width,
            lead: 0,
            width: selection.width,
            shortest: usize::MAX,
            count: selection.windows.len(),
        };
        let mut windows = Vec::with_capacity(selection.windows.len() * selection.stride);
        for (literal_index, offset) in selection.windows {
            let Some(literal) = literals.get_mut(literal_index) else {
                continue;
            };
            literal.layer = index;
            literal.offset = offset;
            let length = literal.len();
            // One width for all its windows: so a literal is in one table, and its occurrences
            // come in turn.
            let width = key_width(length - usize::from(offset) - (selection.stride - 1));
            literal.width = u8::try_from(width).unwrap_or(0);
            layer.shortest = layer.shortest.min(length);
            layer.lead = layer.lead.max(length - usize::from(offset));
            let Some(literal) = literals.get(literal_index) else {
                continue;
            };
            let bytes = literals.bytes(literal);
            for offset in (offset..).take(selection.stride) {
                let word = hash::fold_key(hash::word_at(bytes, usize::from(offset)));
                windows.push(Window {
                    width,
                    key: hash::low_bytes(word, width),
                    offset,
                    literal: literal_index,
                });
            }
        }
        layer.need = layer.need.min(layer.shortest);
        layer.buckets = Buckets::new(&windows, literals);
        layer
    }

    pub(super) fn memory(&self) -> usize {
        size_of::<Layer>() + self.filter.memory() + self.buckets.memory()
    }

    pub(super) fn plan(&self) -> LayerPlan {
        LayerPlan {
            filter: self.filter.kind(),
            width: self.width,
            stride: self.stride,
            shortest: self.shortest,
            literals: self.count,
        }
    }
}

/// Bytes of the key of a window with so many bytes of its literal from its begin.
fn key_width(rest: usize) -> usize {
    match rest {
        8.. => 8,
        4.. => 4,
        rest => rest,
    }
}

fn build_filter(
    selection: &super::select::Selection,
    kind: FilterKind,
    literals: &Literals,
) -> Filter {
    let keys = || -> Vec<u32> {
        let windows = selection.windows.iter().filter_map(|(index, offset)| {
            let bytes = literals.bytes(literals.get(*index)?);
            let places = usize::from(*offset)..usize::from(*offset) + selection.stride;
            Some(places.map(move |at| filter_key(bytes, at, selection.width).0))
        });
        let mut keys: Vec<u32> = windows.flatten().collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    match kind {
        FilterKind::Pairs => Filter::Pairs(Pairs::new(parts(literals, selection).into_iter())),
        FilterKind::Bitmap => {
            Filter::Bitmap(Bitmap::new(&keys(), selection.width, selection.stride))
        }
        FilterKind::Teddy => {
            Filter::Teddy(Teddy::new(&mut parts(literals, selection), selection.width))
        }
        FilterKind::Bloom(table_len) => {
            Filter::Bloom(Bloom::new(&keys(), selection.width, table_len))
        }
    }
}
