//! Variables of a rule, and numbers that may be one.

use super::{Cursor, OptionError, args, content::to_i64};
use crate::parser::lexer::Arg;

/// Variables that one rule may set, as in Snort.
pub(crate) const MAX_VARIABLES: usize = 2;

/// What the options of a rule have declared so far.
#[derive(Debug)]
pub(crate) struct RuleContext {
    names: Vec<Box<str>>,
    /// The rule's protocol is icmp.
    pub(crate) icmp: bool,
    /// `flowbits:noalert`.
    pub(crate) noalert: bool,
    /// The rule is a `file_id` rule.
    pub(crate) file_id: bool,
}

/// A number, or the variable that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Offset {
    Number(i64),
    Variable(VariableId),
}

/// Index of a variable within its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct VariableId(usize);

impl RuleContext {
    pub(crate) fn new(icmp: bool) -> RuleContext {
        RuleContext {
            names: Vec::new(),
            icmp,
            noalert: false,
            file_id: false,
        }
    }

    /// Declares a variable, or finds it again.
    pub(crate) fn declare(&mut self, name: &str) -> Result<VariableId, OptionError> {
        if let Ok(id) = self.find(name) {
            return Ok(id);
        }
        if self.names.len() >= MAX_VARIABLES {
            return Err(OptionError::TooManyVariables { max: MAX_VARIABLES });
        }
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return Err(OptionError::VariableName { found: name.into() });
        }
        self.names.push(name.into());
        Ok(VariableId(self.names.len().saturating_sub(1)))
    }

    /// A declared variable.
    pub(crate) fn find(&self, name: &str) -> Result<VariableId, OptionError> {
        self.names
            .iter()
            .position(|known| **known == *name)
            .map(VariableId)
            .ok_or_else(|| OptionError::UnknownVariable { name: name.into() })
    }
}

impl Offset {
    /// Reads the value of an argument: a number within bounds or a declared variable.
    pub(crate) fn parse(
        arg: &Arg<'_>,
        argument: &'static str,
        min: i64,
        max: i64,
        context: &RuleContext,
    ) -> Result<Offset, OptionError> {
        Offset::parse_text(arg.required(argument)?, argument, min, max, context)
    }

    /// The same of a word by itself.
    pub(crate) fn parse_text(
        text: &str,
        argument: &'static str,
        min: i64,
        max: i64,
        context: &RuleContext,
    ) -> Result<Offset, OptionError> {
        if text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return context.find(text).map(Offset::Variable);
        }
        args::bounded(text, argument, min, max).map(Offset::Number)
    }

    /// The number at evaluation.
    pub(crate) fn value(self, cursor: &Cursor<'_>) -> i64 {
        match self {
            Offset::Number(number) => number,
            Offset::Variable(id) => cursor.variables.get(id.0).copied().map_or(0, i64::from),
        }
    }
}

impl Cursor<'_> {
    /// Stores a value.
    pub(crate) fn set_variable(&mut self, id: VariableId, value: u32) {
        if let Some(variable) = self.variables.get_mut(id.0) {
            *variable = value;
        }
    }

    /// Where an option begins: `offset` behind the cursor, or behind the buffer's start.
    pub(crate) fn base(&self, relative: bool, offset: i64) -> i64 {
        let base = if relative { to_i64(self.pos) } else { 0 };
        base.saturating_add(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let mut context = RuleContext::new(false);
        let first = context.declare("a").unwrap();
        assert_eq!(context.declare("a"), Ok(first), "a name may be set again");
        let second = context.declare("_b").unwrap();
        assert_ne!(first, second);
        assert_eq!(context.find("_b"), Ok(second));
        let unknown = OptionError::UnknownVariable { name: "c".into() };
        assert_eq!(context.find("c"), Err(unknown));
        let many = OptionError::TooManyVariables { max: MAX_VARIABLES };
        assert_eq!(context.declare("c"), Err(many));
        let mut empty = RuleContext::new(false);
        for name in ["1a", "-", "", "é"] {
            let bad = OptionError::VariableName { found: name.into() };
            assert_eq!(empty.declare(name), Err(bad), "{name:?}");
        }
    }

    #[test]
    fn offsets() {
        let mut context = RuleContext::new(false);
        let id = context.declare("n").unwrap();
        let mut cursor = Cursor::start_of(b"abcdef");
        cursor.set_variable(id, 7);
        for (text, expected) in [
            ("5", Ok(5)),
            ("-5", Ok(-5)),
            ("0x10", Ok(16)),
            ("n", Ok(7)),
            ("m", Err(OptionError::UnknownVariable { name: "m".into() })),
            (
                "101",
                Err(OptionError::OutOfRange {
                    argument: "offset",
                    found: "101".into(),
                    min: -100,
                    max: 100,
                }),
            ),
            (
                "",
                Err(OptionError::BadValue {
                    argument: "offset",
                    found: "".into(),
                }),
            ),
        ] {
            let offset = Offset::parse_text(text, "offset", -100, 100, &context);
            assert_eq!(
                offset.map(|offset| offset.value(&cursor)),
                expected,
                "{text:?}"
            );
        }
        cursor.pos = 2;
        assert_eq!((cursor.base(false, 3), cursor.base(true, 3)), (3, 5));
    }
}
