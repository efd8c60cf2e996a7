//! Text to tokens. What a word means depends on the token before it.

use std::fmt;

use super::{
    MAX_LABEL,
    error::{Expected, Problem},
};
use crate::alert::Text;

/// One token; texts are borrowed from the selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Label(&'a str),
    Literal(&'a str),
    Has(&'a str),
    All,
    Global,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    Comma,
    Not,
    And,
    Or,
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    In,
    NotIn,
    End,
}

/// A problem and the byte where it is.
pub(super) type At<T> = (usize, T);

/// Reads tokens from `text`.
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// Next byte to read; always at a character boundary.
    at: usize,
    after_label: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            after_label: false,
        }
    }

    /// The next token and its place; [`Token::End`] again and again at the end.
    pub(super) fn next(&mut self) -> Result<At<Token<'a>>, At<Problem>> {
        self.skip_space();
        let start = self.at;
        let token = self.token()?;
        self.after_label = matches!(token, Token::Label(_));
        Ok((start, token))
    }

    fn token(&mut self) -> Result<Token<'a>, At<Problem>> {
        let Some(first) = self.rest().chars().next() else {
            return Ok(Token::End);
        };
        let (token, len) = match first {
            '(' => (Token::LeftParen, 1),
            ')' => (Token::RightParen, 1),
            '{' => (Token::LeftBrace, 1),
            '}' => (Token::RightBrace, 1),
            ',' => (Token::Comma, 1),
            '!' if self.rest().starts_with("!=") => (Token::NotEqual, 2),
            '!' => (Token::Not, 1),
            '=' if self.rest().starts_with("==") => (Token::Equal, 2),
            '&' if self.rest().starts_with("&&") => (Token::And, 2),
            '|' if self.rest().starts_with("||") => (Token::Or, 2),
            '=' | '&' | '|' => return Err((self.at, Problem::HalfOperator { found: first })),
            '"' | '\'' => return self.literal(first),
            _ if self.after_label => return self.operator(),
            _ => return self.name(),
        };
        self.at += len;
        Ok(token)
    }

    fn literal(&mut self, quote: char) -> Result<Token<'a>, At<Problem>> {
        let body = self.rest().get(1..).unwrap_or_default();
        let Some((value, _)) = body.split_once(quote) else {
            return Err((self.at, Problem::UnterminatedString { quote }));
        };
        self.at += value.len() + 2;
        Ok(Token::Literal(value))
    }

    /// A word after a label is an operator or nothing.
    fn operator(&mut self) -> Result<Token<'a>, At<Problem>> {
        let start = self.at;
        let word = self.take_word();
        let token = match word {
            "contains" => Some(Token::Contains),
            "in" => Some(Token::In),
            "notin" => Some(Token::NotIn),
            "startswith" => Some(Token::StartsWith),
            "endswith" => Some(Token::EndsWith),
            "not" => self.second_word("in").then_some(Token::NotIn),
            "starts" => self.second_word("with").then_some(Token::StartsWith),
            "ends" => self.second_word("with").then_some(Token::EndsWith),
            "" => return Err((start, self.odd_character())),
            _ => None,
        };
        let found = || Text::cut(&format!("`{}`", Text::<40>::cut(word)));
        token.ok_or_else(|| {
            (
                start,
                Problem::Unexpected {
                    expected: Expected::Operator,
                    found: found(),
                },
            )
        })
    }

    /// The second half of an operator of two words.
    fn second_word(&mut self, want: &str) -> bool {
        self.skip_space();
        self.take_word() == want
    }

    /// A label, or one of the functions, whose parenthesis follows without a space.
    fn name(&mut self) -> Result<Token<'a>, At<Problem>> {
        let start = self.at;
        let word = self.take_word();
        let called = self.rest().starts_with('(');
        match word {
            "" => Err((start, self.odd_character())),
            "has" if called => self.has(),
            "all" if called => self.empty_call().map(|()| Token::All),
            "global" if called => self.empty_call().map(|()| Token::Global),
            _ => checked_label(start, word).map(Token::Label),
        }
    }

    fn has(&mut self) -> Result<Token<'a>, At<Problem>> {
        self.at += 1;
        self.skip_space();
        let start = self.at;
        let label = checked_label(start, self.take_word())?;
        if label.is_empty() {
            return Err((start, self.unexpected_here(Expected::HasLabel)));
        }
        self.close()?;
        Ok(Token::Has(label))
    }

    fn empty_call(&mut self) -> Result<(), At<Problem>> {
        self.at += 1;
        self.close()
    }

    fn close(&mut self) -> Result<(), At<Problem>> {
        self.skip_space();
        if !self.rest().starts_with(')') {
            return Err((self.at, self.unexpected_here(Expected::ClosingParen)));
        }
        self.at += 1;
        Ok(())
    }

    /// The problem with the character here, which `expected` does not allow.
    fn unexpected_here(&self, expected: Expected) -> Problem {
        let found = match self.rest().chars().next() {
            None => Text::cut("end of selector"),
            Some(c) if c.is_ascii_graphic() => Text::cut(&format!("`{c}`")),
            Some(_) => return self.odd_character(),
        };
        Problem::Unexpected { expected, found }
    }

    /// The problem with the character here, which begins no token.
    fn odd_character(&self) -> Problem {
        match self.rest().chars().next().unwrap_or_default() {
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Problem::LineBreak,
            c @ ('\u{2018}'..='\u{201f}'
            | '«'
            | '»'
            | '‹'
            | '›'
            | '′'
            | '″'
            | '´'
            | '＂'
            | '＇') => Problem::SmartQuote(c),
            c if c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}') => Problem::OddSpace(c),
            c => Problem::UnexpectedChar(c),
        }
    }

    fn take_word(&mut self) -> &'a str {
        let rest = self.rest();
        let len = rest
            .bytes()
            .position(|b| !is_label_byte(b))
            .unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

fn is_label_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'-')
}

fn checked_label(start: usize, word: &str) -> Result<&str, At<Problem>> {
    if word.len() > MAX_LABEL {
        let problem = Problem::LabelTooLong {
            len: word.len(),
            max: MAX_LABEL,
        };
        return Err((start, problem));
    }
    Ok(word)
}

/// For messages: what stands in the text.
impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbol = match self {
            Self::Label(name) => return write!(f, "label `{}`", Text::<36>::cut(name)),
            Self::Literal(value) => return write!(f, "string {:?}", Text::<36>::cut(value)),
            Self::Has(name) => return write!(f, "`has({})`", Text::<36>::cut(name)),
            Self::End => return f.write_str("end of selector"),
            Self::All => "all()",
            Self::Global => "global()",
            Self::LeftParen => "(",
            Self::RightParen => ")",
            Self::LeftBrace => "{",
            Self::RightBrace => "}",
            Self::Comma => ",",
            Self::Not => "!",
            Self::And => "&&",
            Self::Or => "||",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Contains => "contains",
            Self::StartsWith => "starts with",
            Self::EndsWith => "ends with",
            Self::In => "in",
            Self::NotIn => "not in",
        };
        write!(f, "`{symbol}`")
    }
}
