//! Names of file types → types, once all rules are read: definitions may stand behind the rules
//! that name them.

use std::{collections::BTreeMap, sync::Arc};

use super::{Needs, Origin, Reason, Rule, RuleError};
use crate::{
    file_types::{FileDefinitions, MAX_OWN_TYPES},
    ips_options::IpsOption,
};

/// Where rules name file types: line and column of the option, by the rule's place.
#[derive(Debug, Default)]
pub(super) struct Namings(BTreeMap<(Arc<str>, u32), (u32, u32)>);

impl Namings {
    /// Notes that the rule of this place has `file_type` at a line and column.
    pub(super) fn note(&mut self, rule: &Origin, line: u32, column: u32) {
        let rule = (Arc::clone(&rule.file), rule.line);
        self.0.entry(rule).or_insert((line, column));
    }

    /// Gathers what the rules define and gives the names in them their meaning. Rules that have
    /// no room, or name what nothing defines, are taken out and told as errors.
    pub(super) fn resolve(
        &self,
        rules: &mut Vec<Rule>,
        errors: &mut Vec<RuleError>,
    ) -> FileDefinitions {
        let mut definitions = FileDefinitions::default();
        rules.retain(|rule| {
            let has_room =
                (rule.defines.as_ref()).is_none_or(|meta| definitions.add(meta, &rule.options));
            if !has_room {
                let needs = Needs::FileTypes { max: MAX_OWN_TYPES };
                errors.push(inactive(rule, (rule.origin.line, None), "file_meta", needs));
            }
            has_room
        });
        rules.retain_mut(|rule| {
            let is_known = rule.options.iter_mut().all(|option| match option {
                IpsOption::FileType(types) => types.resolve(&definitions),
                _ => true,
            });
            if !is_known {
                let place = (Arc::clone(&rule.origin.file), rule.origin.line);
                let place = self
                    .0
                    .get(&place)
                    .map(|(line, column)| (*line, Some(*column)));
                let place = place.unwrap_or((rule.origin.line, None));
                errors.push(inactive(rule, place, "file_type", Needs::FileType));
            }
            is_known
        });
        definitions
    }
}

fn inactive(
    rule: &Rule,
    (line, column): (u32, Option<u32>),
    option: &str,
    needs: Needs,
) -> RuleError {
    RuleError {
        file: Arc::clone(&rule.origin.file),
        line,
        column,
        sid: Some(rule.id.sid).filter(|sid| *sid != 0),
        option: Some(option.into()),
        reason: Reason::Inactive(needs),
    }
}
