//! `classification.config` and `reference.config`.

use std::collections::BTreeMap;

/// A line of `classification.config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classification {
    /// What alerts show as their category.
    pub description: Box<str>,
    /// Priority of rules that name the class and no priority of their own.
    pub priority: u32,
}

/// Classes by name.
#[derive(Clone, Debug, Default)]
pub struct ClassificationConfig {
    classes: BTreeMap<Box<str>, Classification>,
}

/// URL prefixes of reference systems.
#[derive(Clone, Debug, Default)]
pub struct ReferenceConfig {
    systems: BTreeMap<Box<str>, Box<str>>,
}

/// A line that is neither blank, comment nor entry, by its number from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected `config {keyword}: {form}`")]
pub struct ConfigLineError {
    /// The line.
    pub line: u32,
    /// "classification" or "reference".
    pub keyword: &'static str,
    /// What follows the colon.
    pub form: &'static str,
}

impl ClassificationConfig {
    /// Reads `config classification: name,description,priority` lines; bad ones are told
    /// and left out. Of two lines with one name the later counts.
    pub fn parse(text: &str) -> (ClassificationConfig, Vec<ConfigLineError>) {
        let mut config = ClassificationConfig::default();
        let form = "name,description,priority";
        let errors = each_line(text, "classification", form, |fields| {
            let [name, description, priority] = fields else {
                return false;
            };
            let Ok(priority) = priority.parse() else {
                return false;
            };
            let description = (*description).into();
            let class = Classification {
                description,
                priority,
            };
            config.classes.insert((*name).into(), class);
            true
        });
        (config, errors)
    }

    /// The class of a name.
    pub fn get(&self, name: &str) -> Option<&Classification> {
        self.classes.get(name)
    }

    /// Whether there is no class at all.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }
}

impl ReferenceConfig {
    /// Reads `config reference: system prefix` lines; bad ones are told and left out.
    pub fn parse(text: &str) -> (ReferenceConfig, Vec<ConfigLineError>) {
        let mut config = ReferenceConfig::default();
        let errors = each_line(text, "reference", "system url-prefix", |fields| {
            let Some((system, prefix)) = fields
                .first()
                .and_then(|f| f.split_once(char::is_whitespace))
            else {
                return false;
            };
            let system = system.to_ascii_lowercase().into();
            config.systems.insert(system, prefix.trim().into());
            fields.len() == 1
        });
        (config, errors)
    }

    /// URL of a reference: the system's prefix and the id.
    pub fn url(&self, system: &str, id: &str) -> Option<String> {
        let prefix = self.systems.get(system.to_ascii_lowercase().as_str())?;
        Some(format!("{prefix}{id}"))
    }
}

fn each_line(
    text: &str,
    keyword: &'static str,
    form: &'static str,
    mut entry: impl FnMut(&[&str]) -> bool,
) -> Vec<ConfigLineError> {
    let mut errors = Vec::new();
    for (line, content) in (1u32..).zip(text.lines()) {
        let content = content.split('#').next().unwrap_or_default().trim();
        if content.is_empty() {
            continue;
        }
        let fields: Option<Vec<&str>> = content
            .strip_prefix("config")
            .map(str::trim_start)
            .and_then(|rest| rest.strip_prefix(keyword))
            .map(str::trim_start)
            .and_then(|rest| rest.strip_prefix(':'))
            .map(|rest| rest.split(',').map(str::trim).collect());
        if !fields.is_some_and(|fields| entry(&fields)) {
            errors.push(ConfigLineError {
                line,
                keyword,
                form,
            });
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_bad_lines() {
        let (config, errors) = ClassificationConfig::parse(
            "# comment\n\nconfig classification: a-b,Some words,2\n\
             config classification:x,y,notanumber\nconfig reference: z\n\
             config  classification : c,d,1 # end\n",
        );
        let lines: Vec<u32> = errors.iter().map(|e| e.line).collect();
        assert_eq!(lines, [4, 5]);
        let class = config.get("a-b").unwrap();
        assert_eq!((&*class.description, class.priority), ("Some words", 2));
        assert_eq!(config.get("c").unwrap().priority, 1);
        assert!(config.get("x").is_none());
    }

    #[test]
    fn references() {
        let (config, errors) = ReferenceConfig::parse(
            "config reference: cve https://example.org/CVE-\nconfig reference: url http://\nnonsense\n",
        );
        assert_eq!(errors.len(), 1);
        assert_eq!(
            config.url("CVE", "2021-1").as_deref(),
            Some("https://example.org/CVE-2021-1")
        );
        assert_eq!(config.url("none", "1"), None);
    }
}
