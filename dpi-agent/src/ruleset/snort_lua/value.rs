//! Values that a `snort.lua` has set, copied out of Lua.

use std::collections::BTreeMap;

use super::problem::Fault;

/// Tables within tables.
const MAX_DEPTH: usize = 8;
/// Values of one global.
const MAX_VALUES: usize = 100_000;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Boolean(bool),
    Integer(i64),
    /// A number with a fraction, or beyond 64 bits.
    Number(f64),
    /// Text; bytes that are no UTF-8 are replaced.
    Text(String),
    Table(Table),
    /// What cannot be looked at, by its kind.
    Other(&'static str),
}

/// A table: its list (1, 2, …) and all else.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    pub(super) list: Vec<Value>,
    pub(super) fields: BTreeMap<String, Value>,
}

impl Value {
    /// Copies a value of the global `name`.
    pub(super) fn copy(name: &str, value: &mlua::Value) -> Result<Value, Fault> {
        let mut left = MAX_VALUES;
        copy(value, 0, &mut left).ok_or_else(|| Fault::TooMuch {
            name: name.to_owned(),
            max: MAX_VALUES,
            depth: MAX_DEPTH,
        })
    }

    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) | Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        }
    }

    /// As it is shown in messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Value::Boolean(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Number(value) => value.to_string(),
            Value::Text(value) => format!("{value:?}"),
            Value::Table(_) | Value::Other(_) => self.kind().to_owned(),
        }
    }
}

impl Table {
    /// Keys of the fields, and `1` where there is a list.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        let list = (!self.list.is_empty()).then(|| "1".to_owned());
        list.into_iter().chain(self.fields.keys().cloned())
    }
}

/// `None` where a bound is passed.
fn copy(value: &mlua::Value, depth: usize, left: &mut usize) -> Option<Value> {
    *left = left.checked_sub(1)?;
    Some(match value {
        mlua::Value::Boolean(value) => Value::Boolean(*value),
        mlua::Value::Integer(value) => Value::Integer(*value),
        mlua::Value::Number(value) => number(*value),
        mlua::Value::String(text) => Value::Text(text.to_string_lossy()),
        mlua::Value::Table(inner) => Value::Table(table(inner, depth + 1, left)?),
        mlua::Value::Nil => Value::Other("nil"),
        mlua::Value::Function(_) => Value::Other("a function"),
        _ => Value::Other("something else"),
    })
}

/// Whole numbers are integers, however they are written.
fn number(value: f64) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked: it is whole and within 53 bits"
    )]
    if value.fract() == 0.0 && value.abs() < 9e15 {
        Value::Integer(value as i64)
    } else {
        Value::Number(value)
    }
}

fn table(inner: &mlua::Table, depth: usize, left: &mut usize) -> Option<Table> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut table = Table::default();
    let mut numbered = BTreeMap::new();
    for pair in inner.pairs::<mlua::Value, mlua::Value>() {
        let (key, value) = pair.ok()?;
        let value = copy(&value, depth, left)?;
        match copy(&key, MAX_DEPTH, left)? {
            Value::Integer(index) => {
                numbered.insert(index, value);
            }
            Value::Text(key) => {
                table.fields.insert(key, value);
            }
            other => {
                table.fields.insert(other.shown(), value);
            }
        }
    }
    for (index, value) in numbered {
        if usize::try_from(index).is_ok_and(|index| index == table.list.len() + 1) {
            table.list.push(value);
        } else {
            table.fields.insert(index.to_string(), value);
        }
    }
    Some(table)
}
