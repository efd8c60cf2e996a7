//! A selector as a tree: evaluation and canonical form.

use std::fmt;

use super::LabelLookup;

/// One node of a selector. [`Expr::And`] and [`Expr::Or`] have two operands or
/// more, sets are sorted without repetitions, and no `Not` stands within a `Not`.
/// No value holds both kinds of quote, since no text could have said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expr {
    All,
    Global,
    Has(Box<str>),
    Compare(Box<str>, Comparison, Box<str>),
    In(Box<str>, Box<[Box<str>]>),
    NotIn(Box<str>, Box<[Box<str>]>),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
}

/// How a label's value is compared with a literal, byte by byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
}

impl Expr {
    /// A missing label makes the positive tests false and `!=` and `not in` true.
    pub(super) fn matches(&self, labels: &impl LabelLookup) -> bool {
        match self {
            Self::All | Self::Global => true,
            Self::Has(label) => labels.label(label).is_some(),
            Self::Compare(label, how, literal) => how.holds(labels.label(label), literal),
            Self::In(label, set) => contains(set, labels.label(label)),
            Self::NotIn(label, set) => !contains(set, labels.label(label)),
            Self::Not(inner) => !inner.matches(labels),
            Self::And(all) => all.iter().all(|e| e.matches(labels)),
            Self::Or(any) => any.iter().any(|e| e.matches(labels)),
        }
    }

    pub(super) fn visit_labels(&self, visit: &mut impl FnMut(&str)) {
        match self {
            Self::All | Self::Global => {}
            Self::Has(label)
            | Self::Compare(label, ..)
            | Self::In(label, _)
            | Self::NotIn(label, _) => visit(label),
            Self::Not(inner) => inner.visit_labels(visit),
            Self::And(operands) | Self::Or(operands) => {
                for operand in operands {
                    operand.visit_labels(visit);
                }
            }
        }
    }

    /// Parentheses around the innermost test in the canonical form.
    pub(super) fn height(&self) -> usize {
        match self {
            Self::Not(inner) => inner.height(),
            Self::And(operands) | Self::Or(operands) => {
                1 + operands.iter().map(Self::height).max().unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// `!inner`, with double negation taken away.
    pub(super) fn not(inner: Expr) -> Expr {
        match inner {
            Self::Not(positive) => *positive,
            other => Self::Not(Box::new(other)),
        }
    }
}

impl Comparison {
    fn holds(self, value: Option<&str>, literal: &str) -> bool {
        match (self, value) {
            (Self::NotEqual, None) => true,
            (_, None) => false,
            (Self::Equal, Some(value)) => value == literal,
            (Self::NotEqual, Some(value)) => value != literal,
            (Self::Contains, Some(value)) => value.contains(literal),
            (Self::StartsWith, Some(value)) => value.starts_with(literal),
            (Self::EndsWith, Some(value)) => value.ends_with(literal),
        }
    }

    fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Contains => "contains",
            Self::StartsWith => "starts with",
            Self::EndsWith => "ends with",
        }
    }
}

fn contains(set: &[Box<str>], value: Option<&str>) -> bool {
    value.is_some_and(|value| set.binary_search_by(|item| (**item).cmp(value)).is_ok())
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all()"),
            Self::Global => f.write_str("global()"),
            Self::Has(label) => write!(f, "has({label})"),
            Self::Compare(label, how, literal) => {
                write!(f, "{label} {} {}", how.symbol(), Quoted(literal))
            }
            Self::In(label, set) => write_set(f, label, "in", set),
            Self::NotIn(label, set) => write_set(f, label, "not in", set),
            Self::Not(inner) => write!(f, "!{inner}"),
            Self::And(operands) => write_joined(f, operands, " && "),
            Self::Or(operands) => write_joined(f, operands, " || "),
        }
    }
}

fn write_set(
    f: &mut fmt::Formatter<'_>,
    label: &str,
    operator: &str,
    set: &[Box<str>],
) -> fmt::Result {
    write!(f, "{label} {operator} {{")?;
    for (i, item) in set.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        write!(f, "{comma}{}", Quoted(item))?;
    }
    f.write_str("}")
}

fn write_joined(f: &mut fmt::Formatter<'_>, operands: &[Expr], joint: &str) -> fmt::Result {
    f.write_str("(")?;
    for (i, operand) in operands.iter().enumerate() {
        let joint = if i == 0 { "" } else { joint };
        write!(f, "{joint}{operand}")?;
    }
    f.write_str(")")
}

/// A literal in double quotes, or in single ones where it holds a double one.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.0.contains('"') { '\'' } else { '"' };
        write!(f, "{quote}{}{quote}", self.0)
    }
}
