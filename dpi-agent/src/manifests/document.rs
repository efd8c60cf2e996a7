//! A file's text, cut into its documents.

/// One document of a YAML stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Document<'a> {
    /// Line of the file on which `text` begins, from 1.
    pub(super) line: u64,
    /// The document without its markers.
    pub(super) text: &'a str,
}

/// The documents of `text` that hold something.
///
/// Cut at `---` and `...` in the first column, which YAML 1.2 (§9.1.2, c-forbidden) allows
/// within no document, so that one which is bad does not take the others with it.
pub(super) fn documents(text: &str) -> Vec<Document<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    let mut current = Document { line: 1, text: "" };
    let mut begin = 0;
    let mut at = 0;
    for (line, content) in (1..).zip(text.split_inclusive('\n')) {
        if is_marker(content) {
            current.text = text.get(begin..at).unwrap_or_default();
            documents.push(current);
            current.line = line;
            begin = at + 3;
        }
        at += content.len();
    }
    current.text = text.get(begin..).unwrap_or_default();
    documents.push(current);
    documents.retain(|document| holds_something(document.text));
    documents
}

/// Three dashes or dots and then space or the line's end.
fn is_marker(line: &str) -> bool {
    let rest = line
        .strip_prefix("---")
        .or_else(|| line.strip_prefix("..."));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// More than space, comments and directives (`%YAML 1.2`).
fn holds_something(text: &str) -> bool {
    text.lines().any(|line| {
        let line_content = line.trim();
        !line_content.is_empty() && !line_content.starts_with('#') && !line.starts_with('%')
    })
}
