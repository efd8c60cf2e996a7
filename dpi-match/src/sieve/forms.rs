//! Plans that the chooser would not make: for tests and fuzzers, which want every filter on
//! every set.

use super::{
    Sieve,
    choose::Draft,
    frequency::Frequency,
    kernel::Form,
    literals::Literals,
    select::{Selection, select},
};
use crate::{Engine, FilterKind, Pattern};

/// A filter, bytes of its windows, and stride.
pub(crate) type FilterForm = (FilterKind, usize, usize);

/// Every form of every filter.
pub(crate) const FORMS: [FilterForm; 15] = [
    (FilterKind::Pairs, 2, 1),
    (FilterKind::Bitmap, 3, 1),
    (FilterKind::Bitmap, 4, 1),
    (FilterKind::Bitmap, 4, 2),
    (FilterKind::Bitmap, 4, 4),
    (FilterKind::Teddy, 1, 1),
    (FilterKind::Teddy, 2, 1),
    (FilterKind::Teddy, 3, 1),
    (FilterKind::Teddy, 4, 1),
    (FilterKind::Bloom(128), 3, 1),
    (FilterKind::Bloom(128), 4, 1),
    (FilterKind::Bloom(256), 3, 1),
    (FilterKind::Bloom(256), 4, 1),
    (FilterKind::Bloom(512), 3, 1),
    (FilterKind::Bloom(512), 4, 1),
];

impl Sieve {
    /// One layer in this form for all literals that are long enough, the others in pairs.
    pub(crate) fn in_form(patterns: &[Pattern], form: FilterForm, engine: Engine) -> Sieve {
        let (kind, width, stride) = form;
        let mut literals = Literals::new(patterns);
        let shortest = width + stride - 1;
        let members = |is_long: bool| -> Vec<u32> {
            let found = literals
                .iter()
                .filter(|(_, literal)| (literal.len() >= shortest) == is_long);
            found.map(|(index, _)| index).collect()
        };
        let draft = |members: &[u32], width, stride, filter| -> Option<Draft> {
            let selection: Selection = select(&literals, Frequency::get(), members, width, stride);
            (!members.is_empty()).then_some(Draft { selection, filter })
        };
        let drafts = [
            draft(&members(true), width, stride, kind),
            draft(&members(false), 2, 1, FilterKind::Pairs),
        ];
        let drafts = drafts.into_iter().flatten().collect();
        Sieve::from_drafts(&mut literals, drafts, engine)
    }

    /// The same tables, searched by another engine of the sieve.
    pub(crate) fn by(&self, engine: Engine) -> Sieve {
        let mut sieve = self.clone();
        sieve.form = Form::new(engine);
        sieve
    }
}
