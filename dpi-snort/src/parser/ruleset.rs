//! Rule files → one set of rules.

use std::sync::Arc;

use super::{
    ClassificationConfig, Rule, RuleError, RuleId, RuleWarning, Variables, Warning,
    text::parse_into,
};
use crate::detection::FlowbitRegistry;

/// Everything that [`Detection::compile`](crate::detection::Detection::compile) takes.
#[derive(Clone, Debug, Default)]
pub struct Ruleset {
    /// The rules, by rising id.
    pub rules: Vec<Rule>,
    /// What could not be loaded.
    pub errors: Vec<RuleError>,
    /// What was loaded in another way than its author may expect.
    pub warnings: Vec<RuleWarning>,
    /// Names of flowbits: the same registry for all rulesets of one process, so that the
    /// bits of living flows keep their meaning when rules are swapped.
    pub flowbits: Arc<FlowbitRegistry>,
}

/// Reads one rule file's text. Rules come in the order of the file, duplicates included.
pub fn parse_text(text: &[u8], file: &str, variables: &Variables) -> (Vec<Rule>, Vec<RuleError>) {
    let mut rules = Vec::new();
    let mut errors = Vec::new();
    parse_into(text, &Arc::from(file), variables, &mut rules, &mut errors);
    (rules, errors)
}

/// Reads rule files, given as (name, bytes). Of rules with the same gid:sid the one with
/// the highest rev stays, the later of equals; each other is told in a warning.
pub fn parse_files<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    variables: &Variables,
    classifications: &ClassificationConfig,
    flowbits: Arc<FlowbitRegistry>,
) -> Ruleset {
    let mut ruleset = Ruleset {
        flowbits,
        ..Ruleset::default()
    };
    let mut rules = Vec::new();
    for (name, bytes) in files {
        let file = Arc::from(name);
        parse_into(bytes, &file, variables, &mut rules, &mut ruleset.errors);
    }
    // A stable sort keeps rules without a sid (all 1:0) in their order.
    rules.sort_by_key(|rule| rule.id);
    for rule in rules {
        ruleset.add(rule);
    }
    ruleset.classify(classifications);
    ruleset
}

impl Ruleset {
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

    fn classify(&mut self, classifications: &ClassificationConfig) {
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
                    what: Warning::UnknownClasstype { name: name.clone() },
                });
            }
        }
    }
}
