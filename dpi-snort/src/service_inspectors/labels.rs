//! Limits that an inspector has hit.

/// Different labels kept between two calls of [`Labels::drain`].
const MAX_LABELS: usize = 8;

/// Labels of counters, kept until the stream's reader asks for them.
#[derive(Debug, Default)]
pub(super) struct Labels(Vec<&'static str>);

impl Labels {
    /// Keeps one, if there is room.
    pub(super) fn note(&mut self, label: &'static str) {
        if self.0.len() < MAX_LABELS {
            self.0.push(label);
        }
    }

    /// Appends to a list that holds no more than `limit`: if it is full the oldest gives way,
    /// and `label` is noted.
    pub(super) fn push<T>(
        &mut self,
        label: &'static str,
        list: &mut Vec<T>,
        limit: usize,
        item: T,
    ) {
        if list.len() >= limit {
            self.note(label);
            list.drain(..1.min(list.len()));
        }
        list.push(item);
    }

    /// Calls `count` with each, and forgets them.
    pub(super) fn drain(&mut self, count: &mut dyn FnMut(&'static str)) {
        for label in self.0.drain(..) {
            count(label);
        }
    }
}
