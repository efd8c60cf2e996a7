//! `dpi-agent rules format`: rules in canonical Snort 3 form, one a line; comments and lines that
//! set variables or filters stay where they are.

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
    sync::Arc,
};

use clap::Args;

use super::{Dialect, Seen, load_with};

/// Options of `rules format`.
#[derive(Args, Debug)]
pub struct Options {
    /// How rule texts are read
    #[arg(long, value_enum, default_value_t)]
    dialect: Dialect,
    /// Rule files, or folders with *.rules
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

/// Prints the rules, also inactive ones, and what stands between them to standard output, and what is wrong with the
/// others to standard error; true if nothing is.
pub fn run(options: &Options) -> io::Result<bool> {
    let (text, problems) = format(&options.paths, options.dialect);
    let mut out = BufWriter::new(io::stdout().lock());
    out.write_all(&text)?;
    out.flush()?;
    let mut err = io::stderr().lock();
    for problem in &problems {
        writeln!(err, "{problem}")?;
    }
    Ok(problems.is_empty())
}

fn format(paths: &[PathBuf], dialect: Dialect) -> (Vec<u8>, Vec<String>) {
    let mut text = Vec::new();
    let loaded = load_with(paths, dialect, Arc::default(), &mut |seen| {
        match seen {
            Seen::Rule(rule) => text.extend_from_slice(&rule.canonical()),
            Seen::Between(line) => text.extend_from_slice(line),
        }
        text.push(b'\n');
    });
    let unreadable = loaded.unreadable.iter().map(ToString::to_string);
    let errors = loaded.ruleset.errors.iter();
    let refused = errors.filter(|error| !error.is_inactive());
    let problems = unreadable.chain(refused.map(ToString::to_string)).collect();
    (text, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_dialects_come_out_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.rules");
        let old = "# old ones\nipvar INSIDE 10.0.0.0/8\nalert  TCP $HOME_NET any -> [10.0.0.1, 10.0.0.2] any (msg:a b; content:\"x\";\\\n\
                   nocase; http_uri; dce_opnum:5; sid:1)\nalert tcp any any -> any any (bad; sid:2;)\n";
        std::fs::write(&path, old).unwrap();
        let (text, problems) = format(std::slice::from_ref(&path), Dialect::Auto);
        let between = "# old ones\nipvar INSIDE 10.0.0.0/8\n";
        let new = "alert tcp $HOME_NET any -> [10.0.0.1,10.0.0.2] any (msg:\"a b\"; http_uri; \
                   content:\"x\",nocase; dce_opnum:\"5\"; sid:1;)\n";
        assert_eq!(String::from_utf8_lossy(&text), format!("{between}{new}"));
        assert_eq!(problems.len(), 1, "{problems:?}");
        std::fs::write(&path, new).unwrap();
        assert_eq!(format(&[path], Dialect::Snort3), (new.into(), Vec::new()));
    }
}
