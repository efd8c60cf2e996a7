//! `flowbits:set,name` — named bits of the flow.

use super::OptionError;
use crate::{
    detection::{FlowbitId, FlowbitRegistry, Flowbits},
    parser::lexer::RawOption,
};

/// One action on some bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowbitsOption {
    action: Action,
    names: Vec<Box<str>>,
    /// Numbers of the names; empty until [`FlowbitsOption::resolve`].
    ids: Vec<FlowbitId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Set,
    Unset,
    /// All of the bits are set.
    All,
    /// At least one of them is.
    Any,
    /// Not all of them are.
    NotAll,
    /// None of them is.
    None,
}

/// What an option comes to.
pub(super) enum Word {
    Bits(FlowbitsOption),
    Noalert,
}

impl FlowbitsOption {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<Word, OptionError> {
        let Some(first) = raw.first() else {
            return Ok(Word::Bits(FlowbitsOption::without_names(Action::All)));
        };
        raw.at_most(2)?;
        for arg in &raw.args {
            arg.no_value()?;
        }
        let names = raw.args.get(1).map_or("", |arg| arg.name());
        let any = names.contains('|');
        if any && names.contains('&') {
            return Err(OptionError::Conflict { a: "|", b: "&" });
        }
        let action = match (first.text(), any) {
            ("noalert", _) => return Ok(Word::Noalert),
            ("set", false) => Action::Set,
            ("unset", false) => Action::Unset,
            ("isset", false) => Action::All,
            ("isset", true) => Action::Any,
            ("isnotset", false) => Action::NotAll,
            ("isnotset", true) => Action::None,
            ("set" | "unset", true) => {
                return Err(OptionError::Conflict {
                    a: "set or unset",
                    b: "|",
                });
            }
            (word, _) => return Err(OptionError::UnknownArgument { found: word.into() }),
        };
        Ok(Word::Bits(FlowbitsOption {
            action,
            names: names
                .split(['&', '|'])
                .filter(|name| !name.is_empty())
                .map(Into::into)
                .collect(),
            ids: Vec::new(),
        }))
    }

    fn without_names(action: Action) -> FlowbitsOption {
        FlowbitsOption {
            action,
            names: Vec::new(),
            ids: Vec::new(),
        }
    }

    /// Looks up the numbers of the names; false if the registry is full.
    pub(crate) fn resolve(&mut self, registry: &FlowbitRegistry, max: usize) -> bool {
        let ids: Option<Vec<FlowbitId>> = self
            .names
            .iter()
            .map(|name| registry.intern(name, max))
            .collect();
        self.ids = ids.unwrap_or_default();
        self.ids.len() == self.names.len()
    }

    /// Whether it changes bits; that happens when everything else of the rule has matched.
    pub(crate) fn is_setter(&self) -> bool {
        matches!(self.action, Action::Set | Action::Unset)
    }

    /// Tests the bits; without a flow no bit is set. Setters hold.
    pub(super) fn evaluate(&self, bits: Option<&Flowbits>) -> bool {
        let is_set = |id: &FlowbitId| bits.is_some_and(|bits| bits.is_set(*id));
        match self.action {
            Action::Set | Action::Unset => true,
            Action::All => self.ids.iter().all(is_set),
            Action::Any => self.ids.iter().any(is_set),
            Action::NotAll => !self.ids.iter().all(is_set),
            Action::None => !self.ids.iter().any(is_set),
        }
    }

    /// Changes the bits; tests change nothing.
    pub(crate) fn apply(&self, bits: &mut Flowbits) {
        for id in &self.ids {
            match self.action {
                Action::Set => bits.set(*id),
                Action::Unset => bits.unset(*id),
                Action::All | Action::Any | Action::NotAll | Action::None => {}
            }
        }
    }
}
