//! Bytes of a rule file → words, strings and option arguments, with their places.

use super::SyntaxError;

/// What ends an unquoted word of an option's arguments.
fn ends_word(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b')')
}

/// Text without blanks around it, and without the backslash of a line that goes on.
fn trim(text: &[u8]) -> &[u8] {
    let mut text = text.trim_ascii_start();
    loop {
        let trimmed = text.trim_ascii_end();
        let backslashes = trimmed.iter().rev().take_while(|b| **b == b'\\').count();
        if trimmed.len() == text.len() || backslashes % 2 == 0 {
            return trimmed;
        }
        text = trimmed.strip_suffix(b"\\").unwrap_or(trimmed);
    }
}

/// The same at both ends: a part of a text may begin with the end of a line that goes on.
pub(crate) fn trim_continued(text: &[u8]) -> &[u8] {
    let mut text = trim(text);
    while let Some(rest) = text.strip_prefix(b"\\")
        && rest.first().is_some_and(u8::is_ascii_whitespace)
    {
        text = rest.trim_ascii_start();
    }
    text
}

/// One option of a rule's body, not yet understood.
#[derive(Clone, Debug)]
pub(crate) struct RawOption<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// The text between colon and semicolon, without blanks around; `None` without colon.
    pub(crate) raw: Option<&'a [u8]>,
    /// The same split at commas; empty for options that are read as text.
    pub(crate) args: Vec<Arg<'a>>,
    /// Line of the name, from 1.
    pub(crate) line: u32,
    /// Column of the name in bytes, from 1.
    pub(crate) column: u32,
}

/// One argument: a word, or a name and its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arg<'a> {
    /// The only word, or the name.
    pub(crate) word: Word<'a>,
    /// The value.
    pub(crate) value: Option<Word<'a>>,
}

/// A word of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// Its bytes, without quotes.
    pub(crate) bytes: &'a [u8],
    /// A `!` stood in front of the quote.
    pub(crate) negated: bool,
    /// It stood in quotes.
    pub(crate) quoted: bool,
}

impl<'a> Word<'a> {
    /// The word as text; what is not UTF-8 compares equal to nothing.
    pub(crate) fn text(&self) -> &'a str {
        std::str::from_utf8(self.bytes).unwrap_or("\u{fffd}")
    }
}

/// A position in a rule file.
#[derive(Clone)]
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    pub(super) pos: usize,
    pub(super) line: u32,
    line_start: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Lexer<'a> {
        Lexer {
            bytes,
            pos: 0,
            line: 1,
            line_start: 0,
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.pos.checked_add(ahead)?).copied()
    }

    /// Takes a byte, counting lines: LF, CR LF and CR alone end one.
    pub(super) fn bump(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.pos = self.pos.saturating_add(1);
        if byte == b'\n' || (byte == b'\r' && self.peek() != Some(b'\n')) {
            self.line = self.line.saturating_add(1);
            self.line_start = self.pos;
        }
        Some(byte)
    }

    pub(super) fn column(&self) -> u32 {
        let column = self.pos.saturating_sub(self.line_start).saturating_add(1);
        u32::try_from(column).unwrap_or(u32::MAX)
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'a [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// Skips blanks, comments (`#` to the end of the line, `/* */`) and backslashes that
    /// stand at the end of a line.
    pub(super) fn skip_blank(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                _ if byte.is_ascii_whitespace() || byte == 0x0b => {
                    self.bump();
                }
                b'#' => self.skip_line(),
                b'/' if self.peek_at(1) == Some(b'*') => self.skip_block_comment(),
                b'\\' if self.continues_line() => {
                    self.bump();
                }
                _ => break,
            }
        }
    }

    /// Skips the same and gives the comments.
    pub(super) fn comments(&mut self) -> Vec<&'a [u8]> {
        let mut found = Vec::new();
        let mut start = self.clone();
        self.skip_blank();
        while let Some(byte) = start.peek().filter(|_| start.pos < self.pos) {
            let from = start.pos;
            match byte {
                b'#' => start.skip_line(),
                b'/' => start.skip_block_comment(),
                _ => {
                    start.bump();
                    continue;
                }
            }
            found.push(self.slice(from, start.pos).trim_ascii_end());
        }
        found
    }

    pub(super) fn skip_line(&mut self) {
        while self.peek().is_some_and(|b| b != b'\n' && b != b'\r') {
            self.bump();
        }
    }

    fn skip_block_comment(&mut self) {
        self.bump();
        self.bump();
        while let Some(byte) = self.bump() {
            if byte == b'*' && self.peek() == Some(b'/') {
                self.bump();
                return;
            }
        }
    }

    /// Whether only blanks stand between the backslash here and the end of the line.
    fn continues_line(&self) -> bool {
        let rest = self.bytes.get(self.pos.saturating_add(1)..);
        rest.unwrap_or_default()
            .iter()
            .find(|b| !matches!(b, b' ' | b'\t'))
            .is_none_or(|b| matches!(b, b'\n' | b'\r'))
    }

    /// A word up to the next blank.
    pub(super) fn word(&mut self) -> &'a [u8] {
        let start = self.pos;
        while self.peek().is_some_and(|b| !b.is_ascii_whitespace()) {
            self.bump();
        }
        self.slice(start, self.pos)
    }

    /// The line from here on, lines that a backslash continues included; its end is taken.
    pub(super) fn logical_line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        while let Some(byte) = self.peek() {
            if byte == b'\\' && self.continues_line() {
                self.bump();
                while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
                    self.bump();
                }
                line.push(b' ');
                continue;
            }
            if matches!(byte, b'\n' | b'\r') {
                break;
            }
            line.push(byte);
            self.bump();
        }
        line
    }

    /// A word of a header: up to a blank or parenthesis, blanks within brackets included.
    pub(super) fn header_word(&mut self) -> Result<&'a [u8], SyntaxError> {
        let start = self.pos;
        let mut depth = 0usize;
        loop {
            match self.peek() {
                None if depth > 0 => return Err(SyntaxError::Incomplete),
                None => break,
                Some(b'(') => {
                    if depth > 0 {
                        return Err(SyntaxError::Incomplete);
                    }
                    break;
                }
                Some(b) if b.is_ascii_whitespace() && depth == 0 => break,
                Some(b'[') => depth = depth.saturating_add(1),
                Some(b']') => depth = depth.saturating_sub(1),
                Some(_) => {}
            }
            self.bump();
        }
        Ok(self.slice(start, self.pos))
    }

    /// The next option of a body; `None` at the closing parenthesis, which is taken.
    pub(super) fn option(&mut self) -> Result<Option<RawOption<'a>>, SyntaxError> {
        self.skip_blank();
        match self.peek() {
            None => return Err(SyntaxError::Incomplete),
            Some(b')') => {
                self.bump();
                return Ok(None);
            }
            Some(_) => {}
        }
        let (line, column) = (self.line, self.column());
        let start = self.pos;
        while self
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        {
            self.bump();
        }
        let name = self.slice(start, self.pos);
        let name = std::str::from_utf8(name).unwrap_or_default();
        if name.is_empty() {
            return Err(self.unexpected());
        }
        let mut option = RawOption {
            name,
            raw: None,
            args: Vec::new(),
            line,
            column,
        };
        self.skip_blank();
        match self.peek() {
            Some(b')') => {}
            Some(b';') => {
                self.bump();
            }
            Some(b':') => {
                self.bump();
                self.arguments(&mut option)?;
            }
            None => return Err(SyntaxError::Incomplete),
            Some(_) => return Err(self.unexpected()),
        }
        Ok(Some(option))
    }

    fn arguments(&mut self, option: &mut RawOption<'a>) -> Result<(), SyntaxError> {
        self.skip_blank();
        let start = self.pos;
        let end = match option.name {
            "metadata" | "rem" | "reference" | "msg" | "pcre" | "regex" => {
                self.text_argument(option.name == "pcre")?
            }
            _ => {
                self.list(&mut option.args)?;
                self.pos
            }
        };
        option.raw = Some(trim(self.slice(start, end)));
        match self.peek() {
            Some(b';') => {
                self.bump();
                Ok(())
            }
            Some(b')') => Ok(()),
            _ => Err(SyntaxError::Incomplete),
        }
    }

    /// Comma-separated arguments of one or two words each.
    fn list(&mut self, args: &mut Vec<Arg<'a>>) -> Result<(), SyntaxError> {
        loop {
            self.skip_blank();
            let word = self.argument_word()?;
            self.skip_blank();
            let value = match self.peek() {
                Some(b',' | b';' | b')') => None,
                None => return Err(SyntaxError::Incomplete),
                Some(_) => Some(self.argument_word()?),
            };
            args.push(Arg { word, value });
            self.skip_blank();
            match self.peek() {
                Some(b',') => self.bump(),
                Some(b';' | b')') => return Ok(()),
                None => return Err(SyntaxError::Incomplete),
                Some(_) => return Err(self.unexpected()),
            };
        }
    }

    fn argument_word(&mut self) -> Result<Word<'a>, SyntaxError> {
        let negated = self.peek() == Some(b'!') && self.quote_follows();
        if negated {
            self.bump();
            self.skip_blank();
        }
        if self.peek() == Some(b'"') {
            let bytes = self.string()?;
            return Ok(Word {
                bytes,
                negated,
                quoted: true,
            });
        }
        let start = self.pos;
        while self.peek().is_some_and(|b| !ends_word(b) && b != b'"') {
            self.bump();
        }
        if start == self.pos {
            return Err(self.unexpected());
        }
        Ok(Word {
            bytes: self.slice(start, self.pos),
            negated: false,
            quoted: false,
        })
    }

    /// Whether a string follows the `!` here.
    fn quote_follows(&self) -> bool {
        let rest = self.bytes.get(self.pos.saturating_add(1)..);
        rest.unwrap_or_default()
            .iter()
            .find(|b| !b.is_ascii_whitespace())
            == Some(&b'"')
    }

    /// A quoted string, without its quotes; escapes stay as they are.
    fn string(&mut self) -> Result<&'a [u8], SyntaxError> {
        self.bump();
        let start = self.pos;
        loop {
            match self.bump() {
                None => return Err(SyntaxError::UnclosedString),
                Some(b'\\') => {
                    self.bump();
                }
                Some(b'"') => return Ok(self.slice(start, self.pos.saturating_sub(1))),
                Some(_) => {}
            }
        }
    }

    /// Text up to the semicolon, or up to the parenthesis that ends the rule; returns its
    /// end. In an expression a semicolon ends the text even between quotes, as in Snort.
    fn text_argument(&mut self, expression: bool) -> Result<usize, SyntaxError> {
        let mut quoted = false;
        loop {
            match self.peek() {
                None if quoted => return Err(SyntaxError::UnclosedString),
                None => return Err(SyntaxError::Incomplete),
                Some(b'\\') => {
                    self.bump();
                }
                Some(b'"') => quoted = !quoted,
                Some(b';') if expression || !quoted => return Ok(self.pos),
                Some(b')') if !quoted && self.ends_rule() => return Ok(self.pos),
                Some(_) => {}
            }
            self.bump();
        }
    }

    /// Whether nothing but blanks stands between the parenthesis here and the line's end.
    fn ends_rule(&self) -> bool {
        let rest = self.bytes.get(self.pos.saturating_add(1)..);
        rest.unwrap_or_default()
            .iter()
            .find(|b| !matches!(b, b' ' | b'\t'))
            .is_none_or(|b| matches!(b, b'\n' | b'\r'))
    }

    pub(super) fn unexpected(&self) -> SyntaxError {
        let rest = self.bytes.get(self.pos..).unwrap_or_default();
        let end = rest
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(rest.len())
            .clamp(1, 24)
            .min(rest.len());
        SyntaxError::Unexpected {
            found: String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into(),
        }
    }
}
