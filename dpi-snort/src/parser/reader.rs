//! Rule files, read one after the other into one set of rules.

use std::sync::Arc;

use super::{
    ClassificationConfig, Dialect, Rule, RuleError, RuleWarning, Ruleset, Variables,
    file_types::Namings, print, raw_rule::RawRule, text::RuleFile,
};
use crate::{detection::FlowbitRegistry, filters::FilterSet};

/// Files that include files, at most so deep.
pub(super) const MAX_INCLUDES: usize = 16;

/// Reads rule files. Variables that a file sets hold from there on, in later files too.
#[derive(Debug)]
pub struct RuleReader {
    pub(super) dialect: Dialect,
    pub(super) variables: Variables,
    pub(super) rules: Vec<Rule>,
    pub(super) errors: Vec<RuleError>,
    pub(super) warnings: Vec<RuleWarning>,
    pub(super) filters: FilterSet,
    /// Where rules name file types.
    pub(super) namings: Namings,
    /// Files being read now, each included by the one in front of it.
    pub(super) open: Vec<Arc<str>>,
}

/// What a reader needs of whoever calls it, since it opens no file itself.
pub trait Surroundings {
    /// Name and bytes of the file that `include PATH` means in the file `from`; the error
    /// says why it cannot be read.
    fn include(&mut self, from: &str, path: &str) -> Result<(String, Vec<u8>), String>;

    /// A rule was understood, or is valid and inactive.
    fn rule(&mut self, _rule: &RuleText<'_>) {}

    /// A comment, or a line of a configuration, as it stands between rules.
    fn between(&mut self, _text: &[u8]) {}
}

/// No other file than the one given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

/// A rule and its text.
#[derive(Debug)]
pub struct RuleText<'r> {
    pub(super) raw: &'r RawRule<'r>,
    /// The file.
    pub file: &'r Arc<str>,
    /// The rule; `None` where it is inactive, or the state of another rule. That no rule defines
    /// a file type which it names is not known yet.
    pub rule: Option<&'r Rule>,
    /// Of each option of the rule, which of the text's options it is.
    pub(super) sources: &'r [usize],
}

impl Surroundings for Alone {
    fn include(&mut self, _from: &str, _path: &str) -> Result<(String, Vec<u8>), String> {
        Err("there is no other file here".to_owned())
    }
}

impl RuleReader {
    /// A reader that has read nothing.
    pub fn new(dialect: Dialect, variables: &Variables) -> RuleReader {
        RuleReader {
            dialect,
            variables: variables.clone(),
            rules: Vec::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            filters: FilterSet::default(),
            namings: Namings::default(),
            open: Vec::new(),
        }
    }

    /// Reads a file and those that it includes.
    pub fn read(&mut self, file: &str, bytes: &[u8], around: &mut dyn Surroundings) {
        let name: Arc<str> = Arc::from(file);
        self.open.push(Arc::clone(&name));
        RuleFile::new(self, &name, bytes, around).read();
        self.open.pop();
    }

    /// The variables as they stand now: those of the files too.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// The rules in the order of the files, duplicates included, and what is wrong.
    pub fn into_parts(mut self) -> (Vec<Rule>, Vec<RuleError>) {
        self.namings.resolve(&mut self.rules, &mut self.errors);
        (self.rules, self.errors)
    }

    /// The set of rules. Of those with the same gid:sid the one with the highest rev stays,
    /// the later of equals; each other is told in a warning.
    pub fn finish(
        self,
        classifications: &ClassificationConfig,
        flowbits: Arc<FlowbitRegistry>,
    ) -> Ruleset {
        let mut ruleset = Ruleset {
            errors: self.errors,
            warnings: self.warnings,
            filters: self.filters,
            flowbits,
            ..Ruleset::default()
        };
        ruleset.add_all(self.rules);
        let Ruleset { rules, errors, .. } = &mut ruleset;
        ruleset.file_definitions = Arc::new(self.namings.resolve(rules, errors));
        ruleset.classify(classifications);
        ruleset
    }
}

impl RuleText<'_> {
    /// The rule in canonical Snort 3 form, without the end of the line.
    pub fn canonical(&self) -> Vec<u8> {
        print::rule(self.raw)
    }

    /// Line of the rule's first word, from 1.
    pub fn line(&self) -> u32 {
        self.raw.line
    }

    /// Each `flowbits` option: its word and its bits.
    pub(crate) fn flowbits(&self) -> Vec<(&str, Vec<String>)> {
        let options = self.raw.options.iter().filter(|raw| raw.name == "flowbits");
        let rows = options.filter_map(|raw| {
            let bits = raw.args.get(1)?.name();
            let bits = bits.split(['&', '|']).map(str::to_owned).collect();
            Some((raw.args.first()?.name(), bits))
        });
        rows.collect()
    }

    /// The expression of each `pcre` option, with its delimiters and flags.
    pub(crate) fn expressions(&self) -> Vec<&[u8]> {
        let options = self.raw.options.iter().filter(|raw| raw.name == "pcre");
        options.filter_map(|raw| raw.raw).collect()
    }

    /// Of each of the rule's detection options its canonical text.
    pub fn options(&self) -> Vec<String> {
        let texts = self
            .sources
            .iter()
            .filter_map(|at| self.raw.options.get(*at));
        texts
            .map(|raw| String::from_utf8_lossy(&print::option(raw)).into_owned())
            .collect()
    }
}
