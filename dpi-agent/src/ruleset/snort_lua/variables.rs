//! Networks and ports: globals of the names that Snort knows, and `ips.variables`.

use std::collections::BTreeMap;

use dpi_snort::parser::{HeaderError, Variables};

use super::{
    place::Step,
    problem::{At, Fault},
    sandbox::Outcome,
    value::{Table, Value},
};

/// Names of networks in a stock configuration.
const NETWORKS: [&str; 2] = ["HOME_NET", "EXTERNAL_NET"];
/// The table that stock configurations hand to `ips.variables`.
pub(super) const DEFAULTS: &str = "default_variables";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Network,
    Ports,
}

/// A variable that is to be set.
struct Pending {
    kind: Kind,
    text: String,
    at: At<()>,
}

/// Whether rules know a global of this name, or it sets variables.
pub(super) fn is_known(name: &str) -> bool {
    name == DEFAULTS || kind_of(name).is_some()
}

/// Sets the variables that the file sets; those of `ips.variables` over the globals.
pub(super) fn read(outcome: &Outcome, variables: &mut Variables) -> Result<(), At<Fault>> {
    let mut pending = BTreeMap::new();
    for (name, value) in &outcome.globals {
        if let Some(kind) = kind_of(name) {
            let at = outcome.place(name, &[]);
            add(&mut pending, kind, name, value, at)?;
        }
    }
    let of_ips = match outcome.globals.get("ips") {
        Some(Value::Table(ips)) => ips.fields.get("variables"),
        _ => None,
    };
    let (path, tables) = match (of_ips, outcome.globals.get(DEFAULTS)) {
        (Some(of_ips), _) => (["ips", "variables"].as_slice(), Some(of_ips)),
        (None, defaults) => ([DEFAULTS].as_slice(), defaults),
    };
    if let Some(tables) = tables {
        add_tables(&mut pending, outcome, path, tables)?;
    }
    set(pending, variables)
}

/// By the endings that all of Snort's own have.
fn kind_of(name: &str) -> Option<Kind> {
    match name {
        _ if NETWORKS.contains(&name) || name.ends_with("_SERVERS") => Some(Kind::Network),
        _ if name.ends_with("_PORTS") => Some(Kind::Ports),
        _ => None,
    }
}

/// `nets` and `ports`; `paths` are for rules that include files, by a line of their own.
fn add_tables(
    pending: &mut BTreeMap<String, Pending>,
    outcome: &Outcome,
    path: &[&str],
    tables: &Value,
) -> Result<(), At<Fault>> {
    let (global, below) = path.split_first().unwrap_or((&"", &[]));
    let place = |more: &[&str]| {
        let steps: Vec<Step<'_>> = below.iter().chain(more).map(|key| Step::Key(key)).collect();
        outcome.place(global, &steps)
    };
    let whole = path.join(".");
    for (key, kind) in [("nets", Kind::Network), ("ports", Kind::Ports)] {
        let Some(inner) = table(tables, &whole, &place(&[]))?.fields.get(key) else {
            continue;
        };
        let inner = table(inner, &format!("{whole}.{key}"), &place(&[key]))?;
        for (name, value) in &inner.fields {
            add(pending, kind, name, value, place(&[key, name]))?;
        }
    }
    Ok(())
}

fn table<'v>(value: &'v Value, name: &str, at: &At<()>) -> Result<&'v Table, At<Fault>> {
    match value {
        Value::Table(table) => Ok(table),
        other => Err(at.clone().with(Fault::Kind {
            name: name.to_owned(),
            wanted: "a table",
            found: other.kind(),
        })),
    }
}

fn add(
    pending: &mut BTreeMap<String, Pending>,
    kind: Kind,
    name: &str,
    value: &Value,
    at: At<()>,
) -> Result<(), At<Fault>> {
    let text = match value {
        Value::Text(text) => list(text),
        Value::Integer(port) if kind == Kind::Ports => port.to_string(),
        other => {
            return Err(at.with(Fault::Kind {
                name: name.to_owned(),
                wanted: "a string",
                found: other.kind(),
            }));
        }
    };
    pending.insert(name.to_owned(), Pending { kind, text, at });
    Ok(())
}

/// A list between blanks, as stock configurations write it, with commas and brackets.
pub(super) fn list(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        let joined = out.is_empty() || out.ends_with([',', '[', '!']);
        if !joined && !word.starts_with([',', ']']) {
            out.push(',');
        }
        out.push_str(word);
    }
    let mut depth = 0_i32;
    let is_list = out.chars().any(|c| {
        depth += i32::from(c == '[') - i32::from(c == ']');
        c == ',' && depth == 0
    });
    if is_list { format!("[{out}]") } else { out }
}

/// Sets each once those that it names are set.
fn set(mut pending: BTreeMap<String, Pending>, variables: &mut Variables) -> Result<(), At<Fault>> {
    while !pending.is_empty() {
        let ready = pending
            .iter()
            .find(|(_, of)| !names(&of.text).any(|name| pending.contains_key(name)));
        let Some(name) = ready.map(|(name, _)| name.clone()) else {
            return Err(circle(pending));
        };
        let Some(Pending { kind, text, at }) = pending.remove(&name) else {
            break;
        };
        let set: Result<(), HeaderError> = match kind {
            Kind::Network => variables.set_address(&name, &text),
            Kind::Ports => variables.set_port(&name, &text),
        };
        set.map_err(|error| at.with(Fault::Variable { name, error }))?;
    }
    Ok(())
}

fn circle(pending: BTreeMap<String, Pending>) -> At<Fault> {
    let mut all = pending.into_iter();
    let (name, at) = all.next().map_or_else(
        || {
            (
                String::new(),
                At {
                    file: "".into(),
                    line: 0,
                    what: (),
                },
            )
        },
        |(name, pending)| (name, pending.at),
    );
    at.with(Fault::Circle { name })
}

/// Names of variables in a text.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split('$').skip(1);
    parts.map(|part| {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        part.split_at(end.unwrap_or(part.len())).0
    })
}
