//! `file_meta:type PDF,id 282,category "PDF files",version "1.0"` — the file type that a
//! `file_id` rule defines. Only the type's name has a meaning here.

use super::{OptionError, RuleContext, args};
use crate::parser::{Reason, lexer::RawOption};

/// The name of the type.
pub(super) fn parse(raw: &RawOption<'_>, context: &RuleContext) -> Result<Box<str>, Reason> {
    check(raw)?;
    if !context.file_id {
        return Err(OptionError::FileMeta.into());
    }
    let name = raw.args.iter().find(|arg| arg.name() == "type");
    let name = name.map(|arg| arg.required("type")).transpose()?;
    Ok(name.unwrap_or_default().into())
}

fn check(raw: &RawOption<'_>) -> Result<(), OptionError> {
    let mut seen: Vec<&str> = Vec::new();
    for arg in &raw.args {
        let name = arg.name();
        let known = ["type", "id", "category", "group", "version"];
        let argument = known.iter().find(|known| **known == name);
        let value = arg.required(argument.copied().ok_or_else(|| arg.unknown())?)?;
        if name == "id" {
            args::bounded(value, "id", 1, i64::from(u32::MAX))?;
        }
        if seen.contains(&name) {
            return Err(OptionError::Repeated);
        }
        seen.push(name);
    }
    for argument in ["type", "id"] {
        if !seen.contains(&argument) {
            return Err(OptionError::Missing { argument });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::parser::{Variables, parse_text};

    fn outcome(text: &str) -> Result<(), String> {
        let (_, errors) = parse_text(text.as_bytes(), "a.rules", &Variables::stock());
        match errors.as_slice() {
            [] => Ok(()),
            [error, ..] => Err(error.reason.to_string()),
        }
    }

    #[test]
    fn arguments() {
        let body = |meta: &str| {
            format!(
                "file_id (msg:\"m\"; {meta}file_data; content:\"|4D 5A|\",depth 2; gid:4; sid:16; rev:1;)"
            )
        };
        for meta in [
            "file_meta:type MSEXE,id 21; ",
            "file_meta:type PDF, id 282, category \"PDF files,More\", group \"a,b\", version \"1.0\"; ",
        ] {
            assert_eq!(outcome(&body(meta)), Ok(()), "{meta}");
        }
        for (meta, reason) in [
            ("", "missing argument: file_meta"),
            ("file_meta; ", "missing argument: type"),
            ("file_meta:id 5; ", "missing argument: type"),
            ("file_meta:type x; ", "missing argument: id"),
            (
                "file_meta:type x,id 0; ",
                "id must be 1 to 4294967295, not 0",
            ),
            ("file_meta:type x,id 1,id 2; ", "may stand once in a rule"),
            (
                "file_meta:type x,id 1,size 5; ",
                "unknown argument \"size\"",
            ),
            ("file_meta:type,id 1; ", "type needs a value"),
        ] {
            assert_eq!(outcome(&body(meta)), Err(reason.to_owned()), "{meta}");
        }
    }

    #[test]
    fn the_rest_of_a_definition() {
        let of_a_file = "valid, but inactive: it needs more than the bytes of a file";
        for more in [
            "dsize:>5",
            "flow:to_server",
            "flowbits:set,a",
            "pkt_data",
            "http_uri",
        ] {
            let text = format!(
                "file_id (file_meta:type x,id 1; file_data; content:\"a\"; {more}; sid:1;)"
            );
            assert_eq!(outcome(&text), Err(of_a_file.to_owned()), "{more}");
        }
        for (text, reason) in [
            (
                "file_id (file_meta:type x,id 1; content:\"a\"; sid:1;)",
                "missing argument: file_data",
            ),
            (
                "file_id (file_meta:type x,id 1; file_data; sid:1;)",
                "missing argument: content",
            ),
            (
                "alert tcp any any -> any any (file_meta:type x,id 1; sid:1;)",
                "it defines a file type: it belongs in a rule that begins with file_id",
            ),
        ] {
            assert_eq!(outcome(text), Err(reason.to_owned()), "{text}");
        }
    }
}
