//! `snort.lua`: variables and filters of a rules directory.
//!
//! The file is a program, written by whoever writes the rules, so it is run as one that may be
//! hostile: `sandbox` runs it, with bounds on instructions, time and memory and with nothing in
//! reach but files beside it; `library` is what it may call; `value` copies out what it has
//! set. `variables` and `filters` make of that what the engine takes, `place` finds the lines
//! of it. What has no effect here is told in a warning. No inspector is configured by it.

mod filters;
mod library;
mod place;
mod problem;
mod sandbox;
mod value;
mod variables;

#[cfg(test)]
mod tests;

use std::path::Path;

use dpi_snort::{filters::FilterSet, parser::Variables};

pub use problem::{At, EntryError, Fault, NoEffect, RefusedEntry};
use sandbox::Outcome;
use value::Value;

/// Name of the file, in the rules directory itself.
pub(super) const FILE: &str = "snort.lua";

/// Tables that hold filters.
const FILTERS: [&str; 3] = ["suppress", "event_filter", "rate_filter"];

/// What a `snort.lua` says.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Networks and ports that rules name.
    pub(super) variables: Variables,
    /// Filters of rules by their ids.
    pub(super) filters: FilterSet,
    /// Filters that were refused; the others hold.
    pub(super) errors: Vec<At<RefusedEntry>>,
    /// What has no effect.
    pub(super) warnings: Vec<At<NoEffect>>,
}

impl Default for Settings {
    /// Those of a stock Snort 3, without filters.
    fn default() -> Self {
        Self {
            variables: Variables::stock(),
            filters: FilterSet::default(),
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl Settings {
    /// Runs the file and adds what it says. One that ends with a fault, or sets a variable that
    /// cannot be understood, changes nothing: with half of its variables, rules would mean
    /// something that nobody has written.
    pub(super) fn read(&mut self, path: &Path) -> Result<(), At<Fault>> {
        let outcome = sandbox::run(path)?;
        let mut variables = self.variables.clone();
        variables::read(&outcome, &mut variables)?;
        filters::read(&outcome, &variables, self);
        self.warn(&outcome);
        self.variables = variables;
        Ok(())
    }

    /// Tells what has no effect: other tables, other keys, names that no rule knows.
    fn warn(&mut self, outcome: &Outcome) {
        for (name, value) in &outcome.globals {
            match value {
                Value::Table(table) if name == "ips" => {
                    let others = table.keys().filter(|key| key != "variables");
                    for key in others {
                        let at = outcome.place(name, &[place::Step::Key(&key)]);
                        self.no_effect(at, format!("ips.{key}"));
                    }
                }
                // A helper that the file itself calls.
                Value::Other("a function") => {}
                _ if FILTERS.contains(&name.as_str()) || variables::is_known(name) => {}
                _ => self.no_effect(outcome.place(name, &[]), name.clone()),
            }
        }
    }

    fn no_effect(&mut self, at: At<()>, name: String) {
        self.warnings.push(at.with(NoEffect { name }));
    }
}
