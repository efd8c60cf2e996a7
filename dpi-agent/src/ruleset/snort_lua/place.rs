//! On which line of a text a value is written.
//!
//! Lua knows the line of an assignment, which is that of its last brace; a list of filters may
//! be pages long. So the table is looked for in the text. Where it is not written out but made
//! by statements, there is nothing to be found, and the assignment's line must do.

/// Tables within tables that are looked into; beyond, nothing is found.
const MAX_DEPTH: usize = 32;

/// One step into a table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'s> {
    /// A field.
    Key(&'s str),
    /// An entry of the list, from 0.
    Index(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// A string, without its quotes.
    Text(String),
    Sign(char),
}

/// A text in tokens, each with its line.
#[derive(Debug)]
pub(super) struct Text(Vec<(Token, u32)>);

/// What is left of it.
type Tokens<'t> = &'t [(Token, u32)];

/// A value as it is written.
#[derive(Debug)]
struct Node {
    line: u32,
    entries: Vec<(Option<String>, Node)>,
}

/// Line of what `steps` lead to in the last table that is given to the global `name` up to the
/// line `until`; of as many of the steps as can be found.
pub(super) fn line(text: &Text, name: &str, until: u32, steps: &[Step<'_>]) -> Option<u32> {
    let mut node = &assigned(&text.0, name, until)?;
    for step in steps {
        let entry = match step {
            Step::Key(key) => {
                let mut entries = node.entries.iter().rev();
                entries.find(|(known, _)| known.as_deref() == Some(key))
            }
            Step::Index(index) => {
                let mut entries = node.entries.iter().filter(|(key, _)| key.is_none());
                entries.nth(*index)
            }
        };
        match entry {
            Some((_, inner)) => node = inner,
            None => break,
        }
    }
    Some(node.line)
}

/// The last `name = …` outside of braces.
fn assigned(mut tokens: Tokens<'_>, name: &str, until: u32) -> Option<Node> {
    let mut found = None;
    let mut depth = 0_usize;
    let mut before = &Token::Sign(';');
    while let Some(((token, line), rest)) = tokens.split_first() {
        if *line > until {
            break;
        }
        tokens = rest;
        let is_name = depth == 0 && matches!(token, Token::Word(word) if word == name);
        // Not a field of another table.
        let is_global = *before != Token::Sign('.');
        if is_name && is_global && takes(&mut tokens, '=') {
            found = Some((*line, tokens));
        }
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = token;
    }
    let (line, mut tokens) = found?;
    Some(Node {
        line,
        ..value(&mut tokens, 0)
    })
}

fn takes(tokens: &mut Tokens<'_>, sign: char) -> bool {
    match tokens.split_first() {
        Some(((Token::Sign(first), _), rest)) if *first == sign => {
            *tokens = rest;
            true
        }
        _ => false,
    }
}

fn skip(tokens: &mut Tokens<'_>) {
    *tokens = tokens.split_first().map_or(&[], |(_, rest)| rest);
}

/// What is written up to the next comma or closing brace.
fn value(tokens: &mut Tokens<'_>, depth: usize) -> Node {
    let line = tokens.first().map_or(0, |(_, line)| *line);
    if takes(tokens, '{') {
        let entries = table(tokens, depth + 1);
        return Node { line, entries };
    }
    let mut open = 0_usize;
    while let Some((token, _)) = tokens.first() {
        match token {
            Token::Sign('(' | '[' | '{') => open += 1,
            Token::Sign(')' | ']' | '}') if open > 0 => open -= 1,
            Token::Sign('}' | ',' | ';') if open == 0 => break,
            // The next statement, where there is no brace around it.
            Token::Word(_) | Token::Text(_) if depth == 0 && open == 0 => break,
            _ => {}
        }
        skip(tokens);
    }
    Node {
        line,
        entries: Vec::new(),
    }
}

/// The entries of a table whose opening brace is read, and its closing one.
fn table(tokens: &mut Tokens<'_>, depth: usize) -> Vec<(Option<String>, Node)> {
    let mut entries = Vec::new();
    if depth > MAX_DEPTH {
        return entries;
    }
    while let Some((token, line)) = tokens.first() {
        match token {
            Token::Sign('}') => {
                skip(tokens);
                break;
            }
            Token::Sign(',' | ';') => skip(tokens),
            _ => {
                let key = key(tokens);
                let line = *line;
                let left = tokens.len();
                let inner = value(tokens, depth);
                // A bracket that closes nothing.
                if tokens.len() == left {
                    skip(tokens);
                }
                entries.push((key, Node { line, ..inner }));
            }
        }
    }
    entries
}

/// `name =` or `['name'] =`, if the entry begins so.
fn key(tokens: &mut Tokens<'_>) -> Option<String> {
    let mut ahead = *tokens;
    let bracket = takes(&mut ahead, '[');
    let name = match &ahead.first()?.0 {
        Token::Word(name) if !bracket => name.clone(),
        Token::Text(name) if bracket => name.clone(),
        _ => return None,
    };
    skip(&mut ahead);
    let whole = (!bracket || takes(&mut ahead, ']')) && takes(&mut ahead, '=');
    whole.then(|| {
        *tokens = ahead;
        name
    })
}

impl Text {
    /// Splits a text.
    pub(super) fn new(text: &str) -> Text {
        let mut tokens = Vec::new();
        let (mut rest, mut line) = (text, 1_u32);
        while let Some(c) = rest.chars().next() {
            let (token, len) = token(rest, c);
            let (taken, left) = rest.split_at(len);
            if let Some(token) = token {
                tokens.push((token, line));
            }
            let lines = taken.bytes().filter(|byte| *byte == b'\n').count();
            line = line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
            rest = left;
        }
        Text(tokens)
    }
}

/// The first token of a text that begins with `c`, if it is one, and its length.
fn token(text: &str, c: char) -> (Option<Token>, usize) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(comment) = text.strip_prefix("--") {
        let block = long(comment).map(|(_, len)| len + 2);
        let end = || text.find('\n').unwrap_or(text.len());
        return (None, block.unwrap_or_else(end));
    }
    if let Some((inner, len)) = long(text) {
        return (Some(Token::Text(inner.to_owned())), len);
    }
    if matches!(c, '"' | '\'') {
        let (inner, len) = quoted(text, c);
        return (Some(Token::Text(inner.to_owned())), len);
    }
    if is_word(c) {
        let len = text.find(|c| !is_word(c)).unwrap_or(text.len());
        return (Some(Token::Word(text.split_at(len).0.to_owned())), len);
    }
    // A comparison is no assignment.
    if let Some(two) = ["==", "~=", "<=", ">="]
        .iter()
        .find(|two| text.starts_with(**two))
    {
        return (Some(Token::Sign('≟')), two.len());
    }
    let sign = (!c.is_whitespace()).then_some(Token::Sign(c));
    (sign, c.len_utf8())
}

/// `[[…]]` or `[=[…]=]`: what is in it, and how long it is.
fn long(text: &str) -> Option<(&str, usize)> {
    let level = text.strip_prefix('[')?;
    let inner = level.trim_start_matches('=');
    let level = level.len() - inner.len();
    let inner = inner.strip_prefix('[')?;
    let end = format!("]{}]", "=".repeat(level));
    let at = inner.find(&end).unwrap_or(inner.len());
    let len = (level + 2 + at + end.len()).min(text.len());
    Some((inner.split_at(at).0, len))
}

/// A string in quotes, which may be escaped in it.
fn quoted(text: &str, quote: char) -> (&str, usize) {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return (text.get(1..at).unwrap_or_default(), at + 1),
            _ => {}
        }
    }
    (text.get(1..).unwrap_or_default(), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "-- suppress = { a comment }\n\
                        suppress =\n\
                        {\n\
                        { gid = 1, sid = 2 }, -- {\n\
                        --[[ { not\n\
                        one } ]]\n\
                        { gid = 1,\n\
                        sid = 3, ip = 'a,}b' },\n\
                        }\n\
                        if suppress == nil then x = 1 end\n\
                        ips = { mode = [[\n\
                        tap]], variables = {\n\
                        nets = { HOME_NET = 'any',\n\
                        ['OTHER_NET'] = f({1, 2}, 3),\n\
                        LAST = \"\\\"}\" } } }\n\
                        other.ips = {}\n\
                        event_filter = {}";

    #[test]
    fn values_are_found_where_they_are_written() {
        use Step::{Index, Key};
        let whole: &[(&str, &[Step<'_>], u32)] = &[
            ("suppress", &[], 2),
            ("suppress", &[Index(0)], 4),
            ("suppress", &[Index(1)], 7),
            ("suppress", &[Index(1), Key("sid")], 8),
            // Beyond what is written.
            ("suppress", &[Index(2)], 2),
            ("ips", &[Key("mode")], 11),
            ("ips", &[Key("variables")], 12),
            ("ips", &[Key("variables"), Key("nets"), Key("HOME_NET")], 13),
            (
                "ips",
                &[Key("variables"), Key("nets"), Key("OTHER_NET")],
                14,
            ),
            ("ips", &[Key("variables"), Key("nets"), Key("LAST")], 15),
            ("event_filter", &[Index(0)], 17),
        ];
        for (name, steps, wanted) in whole {
            assert_eq!(
                line(&Text::new(TEXT), name, 99, steps),
                Some(*wanted),
                "{name} {steps:?}"
            );
        }
        assert_eq!(line(&Text::new(TEXT), "suppress", 1, &[]), None);
        assert_eq!(line(&Text::new(TEXT), "rate_filter", 99, &[]), None);
    }

    #[test]
    fn no_text_is_too_odd() {
        let deep = "a = ".to_owned() + &"{".repeat(100_000);
        for text in [
            "", "a =", "a = {", "a = [[", "a = 'x", "--[[", "a = [", &deep,
        ] {
            let _ = line(&Text::new(text), "a", 99, &[Step::Index(0)]);
        }
        for end in 0..TEXT.len() {
            let _ = line(
                &Text::new(&TEXT[..end]),
                "ips",
                99,
                &[Step::Key("variables")],
            );
        }
    }
}
