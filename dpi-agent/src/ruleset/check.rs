//! `dpi-agent rules check`: which rules load, which wait for an inspector, what is wrong,
//! what is odd or slow.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

use clap::{Args, ValueEnum};
use dpi_snort::{
    Config,
    detection::{Detection, Linter},
};

use super::{
    Dialect, Seen, load_with,
    report::{Builtin, Note, Problem, Report},
};

/// Options of `rules check`.
#[derive(Args, Debug)]
pub struct Options {
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// How rule texts are read
    #[arg(long, value_enum, default_value_t)]
    dialect: Dialect,
    /// Make errors of inactive rules
    #[arg(long)]
    strict: bool,
    /// Rule files, or folders with *.rules
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Checks the rules; true if there is no error.
pub fn run(options: &Options) -> io::Result<bool> {
    let report = check(&options.paths, options.dialect, options.strict);
    let mut out = io::BufWriter::new(io::stdout().lock());
    match options.format {
        Format::Json => {
            serde_json::to_writer(&mut out, &report)?;
            writeln!(out)?;
        }
        Format::Text => report.print(&mut out)?,
    }
    out.flush()?;
    Ok(report.errors.is_empty())
}

fn check(paths: &[PathBuf], dialect: Dialect, strict: bool) -> Report {
    let mut report = Report::default();
    let mut linter = Linter::default();
    let loaded = load_with(paths, dialect, Arc::default(), &mut |seen| {
        if let Seen::Rule(text) = seen {
            linter.rule(text);
        }
    });
    for error in &loaded.unreadable {
        report.unreadable(error);
    }
    for fault in &loaded.faults {
        report.settings(fault);
    }
    for refused in &loaded.refused {
        report.settings(refused);
    }
    let no_effect = loaded.no_effect.iter().map(Note::of_settings);
    report.warnings.extend(no_effect);
    for error in &loaded.ruleset.errors {
        report.refused(error, strict);
    }
    let found = linter.finish();
    let warnings = loaded.ruleset.warnings.iter().chain(&found);
    report.warnings.extend(warnings.map(Note::of));
    match Detection::compile(loaded.ruleset, &Config::default()) {
        Ok((detection, left_out)) => {
            report.loaded = detection.len();
            let events = detection.wanted_events().iter();
            report.builtin.extend(events.map(Builtin::of));
            for error in &left_out {
                report.refused(error, strict);
            }
        }
        Err(error) => {
            let problem = Problem::of_file(String::new(), error.to_string());
            report.errors.push(problem);
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "alert tcp any any -> any 80 (content:\"abcd\"; sid:1;)\n\
                        alert tcp any any -> any any (modbus_unit:1; modbus_func:1; sid:2;)\n\
                        alert tcp any any -> any any (content:\"a\",nocas; sid:3;)\n\
                        alert tcp any any -> any any (content:\"ab\"; sid:4;)\n";

    fn report(strict: bool) -> Report {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mixed.rules");
        std::fs::write(&path, TEXT).unwrap();
        check(&[path, "absent.rules".into()], Dialect::Auto, strict)
    }

    #[test]
    fn a_report_names_file_line_column_sid_option_and_hint() {
        let report = report(false);
        assert_eq!(report.loaded, 2);
        assert_eq!(report.inactive.len(), 1, "a rule is listed once");
        let waits = &report.inactive[0];
        assert_eq!((waits.line, waits.sid), (2, Some(2)));
        assert_eq!(waits.option.as_deref(), Some("modbus_unit"));
        assert!(report.errors[0].file.contains("absent.rules"));
        let error = &report.errors[1];
        assert_eq!(
            (error.line, error.column, error.sid),
            (3, Some(31), Some(3))
        );
        assert_eq!(error.option.as_deref(), Some("content"));
        assert_eq!(error.hint.as_deref(), Some("did you mean nocase?"));
        assert_eq!(report.warnings.len(), 1);
        assert_eq!(
            (report.warnings[0].line, report.warnings[0].sid),
            (4, Some(4))
        );
        let mut printed = Vec::new();
        report.print(&mut printed).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        assert!(
            printed.contains(
                "mixed.rules:3:31: sid 3: content: unknown argument \"nocas\"; did you mean nocase?"
            ),
            "{printed}"
        );
        assert!(
            printed.ends_with("2 rules loaded, 1 inactive, 2 errors, 1 warnings\n"),
            "{printed}"
        );
    }

    #[test]
    fn built_in_events_are_listed_and_unknown_ones_are_inactive() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("builtin.rules");
        let text = "alert ( gid:116; sid:404; )\nalert ( gid:116; sid:9; )\n\
                    alert ( gid:142; sid:1; )\n";
        std::fs::write(&path, text).unwrap();
        let report = check(&[path], Dialect::Auto, false);
        assert_eq!((report.loaded, report.inactive.len()), (1, 2));
        assert!(report.errors.is_empty() && report.warnings.is_empty());
        let mut printed = Vec::new();
        report.print(&mut printed).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        for part in [
            "built-in: 116:404: IPv4 with TTL 0\n",
            "2: sid 9: gid: valid, but inactive: it needs the built-in event 116:9 (",
            "3: sid 1: gid: valid, but inactive: it needs built-in decoder events (gid 142)\n",
        ] {
            assert!(printed.contains(part), "{part} in:\n{printed}");
        }
    }

    #[test]
    fn definitions_of_file_types_are_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("files.rules");
        let text = "alert http (file_type:\"OWN\"; file_data; content:\"abcd\"; sid:1;)\n\
                    alert http (file_type:\"NO\"; file_data; content:\"abcd\"; sid:2;)\n\
                    file_id (file_meta:type OWN,id 1; file_data; content:\"a\"; gid:4; sid:1;)\n\
                    file_id (file_meta:type OWN,id 1; file_data; content:\"b\"; dsize:5; gid:4; sid:2;)\n";
        std::fs::write(&path, text).unwrap();
        let report = check(&[path], Dialect::Auto, false);
        assert_eq!((report.loaded, report.inactive.len()), (2, 2));
        assert!(report.errors.is_empty() && report.warnings.is_empty());
        let waiting = report.inactive.iter();
        let waiting: Vec<_> = waiting.map(|rule| (rule.line, &*rule.needs)).collect();
        let needs = [
            "valid, but inactive: it needs more than the bytes of a file",
            "valid, but inactive: it needs a file type that is not defined here",
        ];
        assert_eq!(waiting, [(4, needs[0]), (2, needs[1])]);
    }

    #[test]
    fn a_snort_lua_is_checked_with_its_rules() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.rules"), TEXT).unwrap();
        let path = folder.path().join("snort.lua");
        std::fs::write(&path, "suppress = { { sid = 0.5 } }\nstream = {}\n").unwrap();
        let report = check(&[folder.path().into()], Dialect::Auto, false);
        let error = &report.errors[0];
        assert!(error.file.ends_with("snort.lua") && error.line == 1);
        assert!(error.reason.starts_with("suppress[1]: "), "{error:?}");
        let warning = &report.warnings[0];
        assert!(warning.file.ends_with("snort.lua") && warning.line == 2);
        std::fs::write(&path, "\n\nif").unwrap();
        let report = check(&[folder.path().into()], Dialect::Auto, false);
        assert_eq!((report.errors[0].line, report.loaded), (3, 2));
    }

    #[test]
    fn strictly_an_inactive_rule_is_an_error() {
        let report = report(true);
        assert!(report.inactive.is_empty());
        let error = report.errors.iter().find(|error| error.sid == Some(2));
        assert_eq!(
            error.map(|error| error.reason.as_str()),
            Some("valid, but inactive: it needs the modbus inspector")
        );
    }
}
