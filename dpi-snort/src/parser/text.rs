//! Rule file → rules: actions, headers, bodies, and where to go on after an error.

use std::sync::Arc;

use super::{
    Origin, Reason, Rule, RuleError, RuleHeader, SyntaxError, Variables,
    builder::RuleBuilder,
    lexer::{Lexer, RawOption},
};
use crate::output::Action;

/// Longest rule in bytes.
const MAX_RULE_BYTES: usize = 1 << 20;
/// Most options of a rule.
const MAX_OPTIONS: usize = 8192;

const ACTIONS: [(&str, Action); 8] = [
    ("alert", Action::Alert),
    ("block", Action::Block),
    ("drop", Action::Drop),
    ("log", Action::Log),
    ("pass", Action::Pass),
    ("react", Action::React),
    ("reject", Action::Reject),
    ("rewrite", Action::Rewrite),
];

/// Reads all rules of a file.
pub(super) fn parse_into(
    bytes: &[u8],
    file: &Arc<str>,
    variables: &Variables,
    rules: &mut Vec<Rule>,
    errors: &mut Vec<RuleError>,
) {
    let mut file = RuleFile {
        lexer: Lexer::new(bytes),
        name: file,
        variables,
        rules,
        errors,
    };
    loop {
        file.lexer.skip_blank();
        if file.lexer.peek().is_none() {
            break;
        }
        file.rule();
    }
}

struct RuleFile<'a, 'o> {
    lexer: Lexer<'a>,
    name: &'o Arc<str>,
    variables: &'o Variables,
    rules: &'o mut Vec<Rule>,
    errors: &'o mut Vec<RuleError>,
}

/// A rule's text, read but not understood.
struct RawRule<'a> {
    action: Action,
    header: Vec<&'a [u8]>,
    options: Vec<RawOption<'a>>,
    line: u32,
}

impl RuleFile<'_, '_> {
    fn rule(&mut self) {
        let start = self.lexer.clone();
        match read_rule(&mut self.lexer) {
            Ok(raw) => self.build(&raw),
            Err(reason) => {
                self.errors.push(RuleError {
                    file: Arc::clone(self.name),
                    line: self.lexer.line,
                    column: Some(self.lexer.column()),
                    sid: None,
                    option: None,
                    reason: reason.into(),
                });
                resume(&start, &mut self.lexer);
            }
        }
    }

    fn build(&mut self, raw: &RawRule<'_>) {
        let words: Vec<&str> = raw
            .header
            .iter()
            .map(|word| std::str::from_utf8(word).unwrap_or("\u{fffd}"))
            .collect();
        let origin = Origin {
            file: Arc::clone(self.name),
            line: raw.line,
        };
        let header = RuleHeader::parse(&words, self.variables);
        let mut builder = RuleBuilder::new(origin, raw.action);
        let header = match header {
            Ok(header) => Some(header),
            Err(reason) => {
                builder.error(raw.line, None, None, Reason::Header(reason));
                None
            }
        };
        builder.read_options(header.as_ref(), &raw.options);
        match builder.finish(header) {
            Ok(rule) => self.rules.extend(rule),
            Err(errors) => self.errors.extend(errors),
        }
    }
}

fn read_rule<'a>(lexer: &mut Lexer<'a>) -> Result<RawRule<'a>, SyntaxError> {
    let line = lexer.line;
    let start = lexer.pos;
    let action = read_action(lexer)?;
    let mut header = Vec::new();
    loop {
        lexer.skip_blank();
        match lexer.peek() {
            None => return Err(SyntaxError::Incomplete),
            Some(b'(') => break,
            Some(_) => header.push(lexer.header_word()?),
        }
        // Six words at most; more means that a parenthesis is missing.
        if header.len() > 6 {
            return Err(lexer.unexpected());
        }
    }
    lexer.bump();
    let mut options = Vec::new();
    while let Some(option) = lexer.option()? {
        options.push(option);
        if options.len() > MAX_OPTIONS {
            return Err(SyntaxError::TooManyOptions { max: MAX_OPTIONS });
        }
        if lexer.pos.saturating_sub(start) > MAX_RULE_BYTES {
            return Err(SyntaxError::TooLong {
                max: MAX_RULE_BYTES,
            });
        }
    }
    Ok(RawRule {
        action,
        header,
        options,
        line,
    })
}

fn read_action(lexer: &mut Lexer<'_>) -> Result<Action, SyntaxError> {
    let before = lexer.clone();
    let word = lexer.word();
    let known = ACTIONS
        .iter()
        .find(|(name, _)| name.as_bytes() == word)
        .map(|(_, action)| *action);
    known.ok_or_else(|| {
        *lexer = before;
        if word == b"include" {
            return SyntaxError::Include;
        }
        let found = word.get(..word.len().min(40)).unwrap_or_default();
        SyntaxError::UnknownAction {
            found: String::from_utf8_lossy(found).into(),
        }
    })
}

/// Goes on behind a rule that could not be read: at the next line that begins with an
/// action, or behind a closing parenthesis that an action follows.
fn resume<'a>(start: &Lexer<'a>, failed: &mut Lexer<'a>) {
    let failed_at = failed.pos;
    let mut lexer = start.clone();
    let mut line_begins = false;
    let mut closed = false;
    while let Some(byte) = lexer.peek() {
        if lexer.pos > start.pos && (line_begins || closed) && at_action(&lexer) {
            break;
        }
        match byte {
            b'\n' | b'\r' => line_begins = true,
            b')' => closed = lexer.pos >= failed_at,
            _ if byte.is_ascii_whitespace() => {}
            _ => {
                line_begins = false;
                closed = false;
            }
        }
        lexer.bump();
    }
    *failed = lexer;
}

fn at_action(lexer: &Lexer<'_>) -> bool {
    let mut ahead = lexer.clone();
    let word = ahead.word();
    ACTIONS.iter().any(|(name, _)| name.as_bytes() == word) && ahead.peek().is_some()
}
