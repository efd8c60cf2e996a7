//! A rule's text, read and not yet understood.

use super::{
    SyntaxError,
    lexer::{Lexer, RawOption},
};

/// Longest rule in bytes.
const MAX_RULE_BYTES: usize = 1 << 20;
/// Most options of a rule.
const MAX_OPTIONS: usize = 8192;
/// Most words between action and parenthesis; more means that a parenthesis is missing.
const MAX_HEADER_WORDS: usize = 6;

/// Action, header words and options of one rule.
#[derive(Clone, Debug)]
pub(crate) struct RawRule<'a> {
    /// The action word.
    pub(crate) action: &'a str,
    /// The words between action and parenthesis.
    pub(crate) header: Vec<HeaderWord<'a>>,
    /// The options.
    pub(crate) options: Vec<RawOption<'a>>,
    /// Line of the action, from 1.
    pub(crate) line: u32,
    /// Column of the action in bytes, from 1.
    pub(crate) column: u32,
}

/// One word of a header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderWord<'a> {
    pub(crate) bytes: &'a [u8],
    /// Line, from 1.
    pub(crate) line: u32,
    /// Column in bytes, from 1.
    pub(crate) column: u32,
}

impl<'a> RawRule<'a> {
    /// Reads a rule at whose action the lexer stands. The action may be any word.
    pub(super) fn read(lexer: &mut Lexer<'a>) -> Result<RawRule<'a>, SyntaxError> {
        let (line, column, start) = (lexer.line, lexer.column(), lexer.pos);
        let action = std::str::from_utf8(lexer.word()).unwrap_or("\u{fffd}");
        let mut header = Vec::new();
        loop {
            lexer.skip_blank();
            match lexer.peek() {
                None => return Err(SyntaxError::Incomplete),
                Some(b'(') => break,
                Some(_) => {
                    let (line, column) = (lexer.line, lexer.column());
                    let bytes = lexer.header_word()?;
                    header.push(HeaderWord {
                        bytes,
                        line,
                        column,
                    });
                }
            }
            if header.len() > MAX_HEADER_WORDS {
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
            column,
        })
    }

    /// The header's words as text; what is not UTF-8 compares equal to nothing.
    pub(super) fn header_words(&self) -> Vec<&'a str> {
        let words = self.header.iter();
        words
            .map(|word| std::str::from_utf8(word.bytes).unwrap_or("\u{fffd}"))
            .collect()
    }
}
