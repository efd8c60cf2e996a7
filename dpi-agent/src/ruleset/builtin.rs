//! `dpi-agent rules builtin`: the built-in events, as the rules that ask for them.

use std::io::{self, BufWriter, Write};

use dpi_snort::builtin::BuiltinEvent;

/// Prints them, one a line, by rising id.
pub fn run() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    print(&mut out)?;
    out.flush()
}

fn print(out: &mut impl Write) -> io::Result<()> {
    for event in BuiltinEvent::ALL {
        let id = event.id();
        writeln!(
            out,
            "alert ( gid:{}; sid:{}; msg:\"{}\"; )",
            id.gid,
            id.sid,
            event.message()
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use dpi_snort::parser::{Variables, parse_text};

    use super::*;

    #[test]
    fn what_is_printed_is_a_rule_file() {
        let mut text = Vec::new();
        print(&mut text).unwrap();
        let (rules, errors) = parse_text(&text, "builtin", &Variables::stock());
        assert!(errors.is_empty(), "{errors:?}");
        let ids: Vec<_> = rules.iter().map(|rule| rule.id).collect();
        let events = BuiltinEvent::ALL.iter().map(|event| event.id());
        assert_eq!(ids, events.collect::<Vec<_>>());
    }
}
