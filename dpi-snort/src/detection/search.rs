//! One unit's buffers searched for the literals that lead to rules, the same bytes once.

use super::{
    Detection, FlowState, Scratch,
    groups::{Groups, Selected},
    held_search::HeldSearch,
    matcher::Places,
    scratch::note,
};
use crate::{
    buffers::{BufferId, BufferSet},
    unit::{InspectionUnit, UnitKind},
};

/// The buffers of a unit that are to be searched.
struct Pieces<'u> {
    wanted: BufferSet,
    /// Bytes, and the buffers that hold them.
    list: [(BufferSet, &'u [u8]); BufferId::COUNT],
    used: usize,
    places: Places,
    next: u8,
}

impl Detection {
    /// Gathers the rules worth trying, in the order in which their literals occur, buffer by
    /// buffer: as in Snort, a bit that one rule sets is seen by those behind it on the same
    /// unit.
    pub(super) fn collect(
        &self,
        unit: &InspectionUnit<'_>,
        state: Option<&mut FlowState>,
        scratch: &mut Scratch,
    ) {
        let groups = self.groups.of(unit);
        scratch.hits.clear();
        scratch.merged.begin(&self.groups.merged);
        let mut held = state.and_then(|state| held_of(unit, state));
        let from = held.as_deref_mut().map_or(0, |held| {
            let known = held.take().filter(|held| held.bytes <= unit.payload.len());
            let hits = |held: &HeldSearch| {
                let hits = held.hits_of(&self.groups.merged, groups)?;
                scratch.hits.extend(hits);
                Some(held.bytes)
            };
            known.as_deref().and_then(hits).unwrap_or(0)
        });
        self.search(unit, groups, from, scratch);
        let Scratch {
            hits,
            candidates,
            seen,
            generation,
            ..
        } = scratch;
        hits.sort_unstable();
        let mut on_rule = |rule| note(seen, candidates, *generation, rule);
        hits.retain(|hit| on_rule(hit.rule));
        if let Some(held) = held.filter(|_| unit.kind == UnitKind::HeldStream) {
            let bytes = unit.payload.len();
            let search = HeldSearch::new(&self.groups.merged, groups, bytes, hits);
            *held = search.map(Box::new);
        }
        groups.unled(&mut |rule| {
            on_rule(rule);
        });
    }

    /// Searches the buffers of a unit; of its payload the first `from` bytes were searched.
    fn search(
        &self,
        unit: &InspectionUnit<'_>,
        groups: Selected<'_>,
        from: usize,
        scratch: &mut Scratch,
    ) {
        let mut pieces = Pieces::new(groups.buffers());
        pieces.add(BufferId::PktData, unit.payload);
        pieces.add(BufferId::RawData, unit.raw_payload);
        unit.buffers
            .fresh(&mut |buffer, data| pieces.add(buffer, data));
        for (buffers, data) in pieces.list.iter().take(pieces.used) {
            let what = (*buffers, *data, from);
            let searched = scratch.search(what, groups, &self.groups, &pieces.places);
            let searched = u64::try_from(searched).unwrap_or(u64::MAX);
            scratch.searched = scratch.searched.saturating_add(searched);
        }
    }
}

/// Where a flow keeps what was found in bytes of a plain stream, the only buffer of such a unit.
fn held_of<'s>(
    unit: &InspectionUnit<'_>,
    state: &'s mut FlowState,
) -> Option<&'s mut Option<Box<HeldSearch>>> {
    let is_stream = matches!(unit.kind, UnitKind::HeldStream | UnitKind::RebuiltStream);
    let flow = unit.flow.filter(|_| is_stream)?;
    Some(state.held_mut(flow.to_server))
}

impl Scratch {
    /// Searches the bytes that some buffers hold; says how many bytes were looked at.
    fn search(
        &mut self,
        (buffers, data, from): (BufferSet, &[u8], usize),
        groups: Selected<'_>,
        all: &Groups,
        places: &Places,
    ) -> usize {
        let groups = groups.with(buffers);
        let (mpm, hits) = (&mut self.mpm, &mut self.hits);
        let mut matchers = groups.matchers(buffers);
        let first = matchers.next();
        if let (Some(only), None) = (first, matchers.next()) {
            return only.scan((data, from), places, mpm, hits);
        }
        if let Some(merged) = self.merged.get(groups, buffers, &all.merged) {
            return merged.scan((data, from), places, mpm, hits);
        }
        self.stats.merged_limit = self.stats.merged_limit.saturating_add(1);
        let each = groups.matchers(buffers);
        let searched = each.map(|matcher| matcher.scan((data, from), places, mpm, hits));
        searched.fold(0, usize::saturating_add)
    }
}

impl<'u> Pieces<'u> {
    fn new(wanted: BufferSet) -> Pieces<'u> {
        Pieces {
            wanted,
            list: [(BufferSet::default(), &[]); BufferId::COUNT],
            used: 0,
            places: [0; BufferId::COUNT],
            next: 0,
        }
    }

    /// Adds a buffer, if a literal in it leads to a rule.
    fn add(&mut self, buffer: BufferId, data: &'u [u8]) {
        if data.is_empty() || !self.wanted.contains(buffer) {
            return;
        }
        if let Some(place) = self.places.get_mut(buffer as usize) {
            *place = self.next;
            self.next = self.next.saturating_add(1);
        }
        let mut known = self.list.iter_mut().take(self.used);
        if let Some((buffers, _)) = known.find(|(_, known)| is_same(known, data)) {
            buffers.insert(buffer);
        } else if let Some(piece) = self.list.get_mut(self.used) {
            *piece = (BufferSet::of(buffer), data);
            self.used = self.used.saturating_add(1);
        }
    }
}

/// Whether the bytes are equal; where they lie is asked first.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    std::ptr::eq(a, b) || a == b
}
