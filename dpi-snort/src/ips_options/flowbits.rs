//! `flowbits:set,name` — named bits of the flow.

use super::OptionError;
use crate::{
    detection::{FlowbitId, FlowbitRegistry, Flowbits},
    parser::lexer::RawOption,
};

/// One action on some bits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FlowbitsOption {
    action: Action,
    names: Vec<Box<str>>,
    /// Numbers of the names; empty until [`FlowbitsOption::resolve`].
    ids: Vec<FlowbitId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

#[cfg(test)]
mod tests {
    use super::super::{
        IpsOption,
        testing::{options, refused},
    };
    use super::*;

    const MAX: usize = 10;

    fn option(text: &str, registry: &FlowbitRegistry) -> FlowbitsOption {
        match options(&format!("flowbits:{text}")).remove(0) {
            IpsOption::Flowbits(mut bits) => {
                assert!(bits.resolve(registry, MAX));
                bits
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn evaluated() {
        for (text, set, expected) in [
            ("isset,a", &["a"][..], true),
            ("isset,a", &["b"], false),
            ("isset,a&b", &["a", "b"], true),
            ("isset,a&b", &["a"], false),
            ("isset,a|b", &["b"], true),
            ("isset,a|b", &["c"], false),
            ("isnotset,a", &["b"], true),
            ("isnotset,a", &["a"], false),
            ("isnotset,a&b", &["a"], true),
            ("isnotset,a&b", &["a", "b"], false),
            ("isnotset,a|b", &["c"], true),
            ("isnotset,a|b", &["b"], false),
            ("set,a", &[], true),
            ("unset,a", &[], true),
        ] {
            let registry = FlowbitRegistry::default();
            let mut bits = Flowbits::default();
            for name in set {
                bits.set(registry.intern(name, MAX).unwrap());
            }
            let option = option(text, &registry);
            assert_eq!(
                option.evaluate(Some(&bits)),
                expected,
                "{text} with {set:?}"
            );
            let before = bits.clone();
            if !option.is_setter() {
                option.apply(&mut bits);
                let same = ["a", "b", "c"].map(|name| {
                    let id = registry.intern(name, MAX).unwrap();
                    bits.is_set(id) == before.is_set(id)
                });
                assert_eq!(same, [true; 3], "{text} changes bits");
            }
        }
    }

    #[test]
    fn without_a_flow_no_bit_is_set() {
        let registry = FlowbitRegistry::default();
        assert!(!option("isset,a", &registry).evaluate(None));
        assert!(option("isnotset,a", &registry).evaluate(None));
    }

    #[test]
    fn applied() {
        for (text, expected) in [
            ("set,b", [true, true, false]),
            ("set,b&c", [true, true, true]),
            ("unset,a", [false, false, false]),
            ("unset,a&b", [false, false, false]),
            ("isset,b", [true, false, false]),
        ] {
            let registry = FlowbitRegistry::default();
            let ids = ["a", "b", "c"].map(|name| registry.intern(name, MAX).unwrap());
            let mut bits = Flowbits::default();
            bits.set(ids[0]);
            option(text, &registry).apply(&mut bits);
            assert_eq!(ids.map(|id| bits.is_set(id)), expected, "{text}");
        }
    }

    #[test]
    fn the_registry_is_bounded() {
        let registry = FlowbitRegistry::default();
        let IpsOption::Flowbits(mut bits) = options("flowbits:set,a&b&c").remove(0) else {
            panic!("no flowbits");
        };
        assert!(!bits.resolve(&registry, 2));
    }

    #[test]
    fn refusals() {
        refused(&[
            ("flowbits:toggle,a", r#"unknown argument "toggle""#),
            ("flowbits:reset", r#"unknown argument "reset""#),
            ("flowbits:setx,a,group", r#"unknown argument "group""#),
            ("flowbits:isset,a|b&c", "| cannot stand with &"),
            ("flowbits:set,a|b", "set or unset cannot stand with |"),
            ("flowbits:unset,a|b", "set or unset cannot stand with |"),
            ("flowbits:set,a b", r#"unknown argument "a b""#),
        ]);
    }
}
