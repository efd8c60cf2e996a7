//! `dpi-agent rules explain FILE:SID`: how a rule is found and in which order it is tried.

use std::{
    io::{self, Write},
    path::PathBuf,
    str::FromStr,
    sync::Arc,
};

use anyhow::{Result, bail};
use clap::Args;
use dpi_snort::{
    builtin::BuiltinEvent,
    detection::{Explanation, Stage},
    parser::RuleId,
};

use super::{Dialect, Seen, load_with};

/// Options of `rules explain`.
#[derive(Args, Debug)]
pub struct Options {
    /// How rule texts are read
    #[arg(long, value_enum, default_value_t)]
    dialect: Dialect,
    /// A rule file or folder, and the rule's sid (or gid:sid) in it
    #[arg(value_name = "FILE:SID", required = true)]
    rules: Vec<Named>,
}

/// A rule of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    path: PathBuf,
    rule: Wanted,
}

/// A rule named by sid or gid:sid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted(pub RuleId);

/// Not a rule's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {form}")]
pub struct NotARule {
    found: String,
    form: &'static str,
}

impl FromStr for Wanted {
    type Err = NotARule;

    fn from_str(text: &str) -> Result<Wanted, NotARule> {
        let bad = || NotARule {
            found: text.to_owned(),
            form: "SID or GID:SID",
        };
        let (gid, sid) = text.split_once(':').unwrap_or(("1", text));
        let number = |text: &str| text.parse::<u32>().map_err(|_| bad());
        Ok(Wanted(RuleId {
            gid: number(gid)?,
            sid: number(sid)?,
        }))
    }
}

impl FromStr for Named {
    type Err = NotARule;

    fn from_str(text: &str) -> Result<Named, NotARule> {
        let bad = || NotARule {
            found: text.to_owned(),
            form: "FILE:SID or FILE:GID:SID",
        };
        let (rest, sid) = text.rsplit_once(':').ok_or_else(bad)?;
        if let Some((path, gid)) = rest.rsplit_once(':')
            && gid.parse::<u32>().is_ok()
        {
            let rule = format!("{gid}:{sid}").parse().map_err(|_| bad())?;
            return Ok(Named {
                path: path.into(),
                rule,
            });
        }
        Ok(Named {
            path: rest.into(),
            rule: sid.parse().map_err(|_| bad())?,
        })
    }
}

/// A rule that was found, and what there is to say of it.
#[derive(Debug, Default)]
pub struct Found {
    /// Its canonical text.
    pub text: String,
    /// What detection makes of it.
    pub explanation: Option<Explanation>,
    rev: u32,
}

/// Looks for a rule; of several with its id the one that would be loaded.
pub fn find(paths: &[PathBuf], dialect: Dialect, wanted: RuleId) -> Option<Found> {
    let mut found: Option<Found> = None;
    let loaded = load_with(paths, dialect, Arc::default(), &mut |seen| {
        let Seen::Rule(text) = seen else {
            return;
        };
        let Some(rule) = text.rule.filter(|rule| rule.id == wanted) else {
            return;
        };
        if found.as_ref().is_none_or(|known| rule.rev >= known.rev) {
            found = Some(Found {
                text: String::from_utf8_lossy(&text.canonical()).into_owned(),
                // A built-in event is raised, not looked for.
                explanation: Explanation::of(text).filter(|_| BuiltinEvent::find(wanted).is_none()),
                rev: rule.rev,
            });
        }
    });
    // A rule may turn out inactive once all are read.
    found.filter(|_| loaded.ruleset.rules.iter().any(|rule| rule.id == wanted))
}

/// Explains each rule; an error for one that is not there or is refused.
pub fn run(options: &Options) -> Result<()> {
    let mut out = io::stdout().lock();
    for (at, named) in options.rules.iter().enumerate() {
        let paths = std::slice::from_ref(&named.path);
        let RuleId { gid, sid } = named.rule.0;
        let Some(found) = find(paths, options.dialect, named.rule.0) else {
            bail!(
                "no rule {gid}:{sid} is loaded from {path}: `dpi-agent rules check {path}` says why",
                path = named.path.display()
            );
        };
        if at > 0 {
            writeln!(out)?;
        }
        print(&found, &mut out)?;
    }
    Ok(())
}

fn print(found: &Found, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", found.text)?;
    let Some(explanation) = &found.explanation else {
        return Ok(());
    };
    writeln!(out, "group: {}", explanation.group)?;
    match &explanation.fast_pattern {
        // A definition is in no group.
        None if explanation.is_definition => {}
        Some(pattern) => writeln!(
            out,
            "fast pattern: \"{}\" in {}{}",
            pattern.bytes,
            pattern.buffer,
            if pattern.stated {
                ", as stated"
            } else {
                ", chosen for its place and length"
            }
        )?,
        None => writeln!(out, "fast pattern: none; tried on everything of its group")?,
    }
    let buffers = if explanation.buffers.is_empty() {
        "none".to_owned()
    } else {
        explanation.buffers.join(", ")
    };
    writeln!(out, "buffers: {buffers}")?;
    writeln!(out, "order:")?;
    for (number, step) in (1..).zip(&explanation.order) {
        let stage = match step.stage {
            Stage::Header => "header",
            Stage::Payload => "payload",
            Stage::Effect => "effect",
        };
        writeln!(out, "{number:>4} {stage:<8}{}", step.text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rules() {
        let id = |gid, sid| Wanted(RuleId { gid, sid });
        for (text, path, rule) in [
            ("a.rules:5", "a.rules", id(1, 5)),
            ("a.rules:3:5", "a.rules", id(3, 5)),
            ("/x:y/a.rules:5", "/x:y/a.rules", id(1, 5)),
        ] {
            let path = PathBuf::from(path);
            assert_eq!(text.parse(), Ok(Named { path, rule }), "{text}");
        }
        for text in ["a.rules", "a.rules:", "a.rules:x", "5"] {
            assert!(text.parse::<Named>().is_err(), "{text}");
        }
    }

    #[test]
    fn of_a_built_in_event_the_rule_is_all_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.rules");
        let text = "alert (gid:116; sid:404; msg:\"m\";)";
        std::fs::write(&path, text).unwrap();
        let wanted = RuleId { gid: 116, sid: 404 };
        let found = find(&[path], Dialect::Auto, wanted).unwrap();
        let mut out = Vec::new();
        print(&found, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("{text}\n"));
    }

    #[test]
    fn a_rule_is_explained() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.rules");
        let text =
            "alert tcp any any -> any 80 (http_uri; content:\"abc\"; flow:to_server; sid:7;)";
        std::fs::write(&path, text).unwrap();
        let wanted = RuleId { gid: 1, sid: 7 };
        let found = find(std::slice::from_ref(&path), Dialect::Auto, wanted).unwrap();
        let mut out = Vec::new();
        print(&found, &mut out).unwrap();
        let expected = format!(
            "{text}\n\
             group: tcp, ports any -> 80; or, whatever the ports, flows of http, http2, http3; to the server\n\
             fast pattern: \"abc\" in http_uri, chosen for its place and length\n\
             buffers: http_uri\n\
             order:\n   1 header  flow:to_server\n   2 payload http_uri\n   \
             3 payload content:\"abc\"\n"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert!(find(&[path], Dialect::Auto, RuleId { gid: 1, sid: 8 }).is_none());
    }

    #[test]
    fn definitions_and_what_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.rules");
        let definition =
            "file_id (file_meta:type OWN,id 1; file_data; content:\"own\",depth 3; gid:4; sid:16;)";
        let text = format!(
            "alert http (file_type:\"OWN\"; sid:1;)\nalert http (file_type:\"NO\"; sid:2;)\n{definition}"
        );
        std::fs::write(&path, text).unwrap();
        let find = |gid, sid| {
            let wanted = RuleId { gid, sid };
            find(std::slice::from_ref(&path), Dialect::Auto, wanted)
        };
        let mut out = Vec::new();
        print(&find(4, 16).unwrap(), &mut out).unwrap();
        let expected = format!(
            "{definition}\n\
             group: none: it defines the file type OWN by the first bytes of files\n\
             buffers: file_data\n\
             order:\n   1 payload file_data\n   2 payload content:\"own\",depth 3\n"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert!(find(1, 1).is_some());
        assert!(find(1, 2).is_none(), "it is inactive");
    }
}
