//! Rule files → one set of rules.

use std::sync::Arc;

use super::{
    Alone, ClassificationConfig, Dialect, Rule, RuleError, RuleId, RuleReader, RuleWarning,
    Variables, Warning,
};
use crate::{detection::FlowbitRegistry, file_types::FileDefinitions, filters::FilterSet};

/// Everything that [`Detection::compile`](crate::detection::Detection::compile) takes.
#[derive(Clone, Debug, Default)]
pub struct Ruleset {
    /// The rules, by rising id.
    pub rules: Vec<Rule>,
    /// What could not be loaded.
    pub errors: Vec<RuleError>,
    /// What was loaded in another way than its author may expect.
    pub warnings: Vec<RuleWarning>,
    /// Filters that files of Snort 2 state: lines of `threshold.conf` and `threshold` options.
    pub filters: FilterSet,
    /// Types of files: those that are known anyway, and those that the rules define.
    pub file_definitions: Arc<FileDefinitions>,
    /// Names of flowbits: the same registry for all rulesets of one process, so that the
    /// bits of living flows keep their meaning when rules are swapped.
    pub flowbits: Arc<FlowbitRegistry>,
}

/// Reads one text as Snort 3 does. Rules come in the order of the text, duplicates included.
pub fn parse_text(text: &[u8], file: &str, variables: &Variables) -> (Vec<Rule>, Vec<RuleError>) {
    parse_text_in(Dialect::Snort3, text, file, variables)
}

/// Reads one text in a dialect.
pub fn parse_text_in(
    dialect: Dialect,
    text: &[u8],
    file: &str,
    variables: &Variables,
) -> (Vec<Rule>, Vec<RuleError>) {
    let mut reader = RuleReader::new(dialect, variables);
    reader.read(file, text, &mut Alone);
    reader.into_parts()
}

/// Reads rule files of Snort 3, given as (name, bytes), that include no others. Of rules with
/// the same gid:sid the one with the highest rev stays, the later of equals; each other is
/// told in a warning.
pub fn parse_files<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    variables: &Variables,
    classifications: &ClassificationConfig,
    flowbits: Arc<FlowbitRegistry>,
) -> Ruleset {
    let mut reader = RuleReader::new(Dialect::Snort3, variables);
    for (name, bytes) in files {
        reader.read(name, bytes, &mut Alone);
    }
    reader.finish(classifications, flowbits)
}

impl Ruleset {
    pub(super) fn add_all(&mut self, mut rules: Vec<Rule>) {
        // A stable sort keeps rules without a sid (all 1:0) in their order.
        rules.sort_by_key(|rule| rule.id);
        for rule in rules {
            self.add(rule);
        }
    }

    /// Adds a rule behind all with smaller ids.
    fn add(&mut self, rule: Rule) {
        let Some(last) = self.rules.last_mut().filter(|last| last.id == rule.id) else {
            self.rules.push(rule);
            return;
        };
        let later_wins = rule.rev >= last.rev;
        let (kept, dropped) = if later_wins {
            (&rule, &*last)
        } else {
            (&*last, &rule)
        };
        let RuleId { gid, sid } = rule.id;
        self.warnings.push(RuleWarning {
            file: Arc::clone(&dropped.origin.file),
            line: dropped.origin.line,
            sid: Some(sid),
            what: Warning::Duplicate {
                gid,
                sid,
                kept: kept.rev,
                dropped: dropped.rev,
            },
        });
        if later_wins {
            *last = rule;
        }
    }

    pub(super) fn classify(&mut self, classifications: &ClassificationConfig) {
        for rule in &mut self.rules {
            let Some(name) = &rule.classtype else {
                continue;
            };
            if let Some(class) = classifications.get(name) {
                rule.category = Some(class.description.clone());
                if !rule.has_priority {
                    rule.priority = class.priority;
                }
            } else if !classifications.is_empty() {
                self.warnings.push(RuleWarning {
                    file: Arc::clone(&rule.origin.file),
                    line: rule.origin.line,
                    sid: Some(rule.id.sid),
                    what: Warning::UnknownClasstype { name: name.clone() },
                });
            }
        }
    }
}
