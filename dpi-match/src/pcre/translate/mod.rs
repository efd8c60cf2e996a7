//! From PCRE2's syntax to that of the `regex` crate, where both mean the same.
//!
//! Every atom becomes a set of bytes, written in numbers, so that nothing depends on how the
//! two read punctuation, case or classes (`class.rs`). What is not known to mean the same is
//! refused; the expression is one that PCRE2 has compiled, so that syntax errors need no names
//! here.

mod class;

use super::{NotLinear, Options, byte_set::ByteSet};

/// Groups in groups: PCRE2 allows 250.
const MAX_DEPTH: usize = 64;

/// The expression in the other syntax, for bytes and without Unicode.
pub(super) fn translate(pattern: &[u8], options: Options) -> Result<String, NotLinear> {
    if options.extended {
        return Err(NotLinear::Extended);
    }
    let mut parser = Parser {
        pattern,
        at: 0,
        flags: Flags {
            caseless: options.caseless,
            dotall: options.dotall,
            multiline: options.multiline,
            ungreedy: options.ungreedy,
        },
        options,
        depth: 0,
    };
    let whole = parser.alternation()?;
    match parser.peek() {
        None => Ok(whole.text),
        Some(_) => Err(NotLinear::Unsupported(parser.at)),
    }
}

/// Options that an expression can change on its way.
#[derive(Clone, Copy)]
struct Flags {
    caseless: bool,
    dotall: bool,
    multiline: bool,
    ungreedy: bool,
}

struct Parser<'a> {
    pattern: &'a [u8],
    at: usize,
    flags: Flags,
    options: Options,
    depth: usize,
}

/// A translated part.
struct Piece {
    text: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Matches at least one byte.
    Bytes,
    /// May match nothing.
    MaybeEmpty,
    /// Matches a place; cannot be repeated.
    Place,
    /// As `Place`, and a byte must follow in the same branch; of the offset.
    LineStart(usize),
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.pattern.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, expected: &[u8]) -> bool {
        let rest = self.pattern.get(self.at..).unwrap_or_default();
        let found = rest.starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    /// Branches, up to the end or a closing parenthesis.
    fn alternation(&mut self) -> Result<Piece, NotLinear> {
        let mut text = String::new();
        let mut kind = Kind::Bytes;
        loop {
            let branch = self.branch()?;
            text += &branch.text;
            if branch.kind != Kind::Bytes {
                kind = Kind::MaybeEmpty;
            }
            if !self.take(b"|") {
                return Ok(Piece { text, kind });
            }
            text.push('|');
        }
    }

    fn branch(&mut self) -> Result<Piece, NotLinear> {
        let mut text = String::new();
        let mut kind = Kind::MaybeEmpty;
        let mut line_start = None;
        while !matches!(self.peek(), None | Some(b'|' | b')')) {
            let piece = self.repeated()?;
            text += &piece.text;
            match piece.kind {
                Kind::Bytes => {
                    kind = Kind::Bytes;
                    line_start = None;
                }
                Kind::LineStart(at) => line_start = line_start.or(Some(at)),
                Kind::MaybeEmpty | Kind::Place => {}
            }
        }
        match line_start {
            Some(at) => Err(NotLinear::EmptyLine(at)),
            None => Ok(Piece { text, kind }),
        }
    }

    /// An atom and its quantifier.
    fn repeated(&mut self) -> Result<Piece, NotLinear> {
        let atom = self.atom()?;
        let at = self.at;
        let Some((low, high)) = self.quantifier()? else {
            return Ok(atom);
        };
        if self.take(b"+") {
            return Err(NotLinear::Atomic(at));
        }
        let lazy = self.take(b"?") != self.flags.ungreedy;
        let again = self.at;
        if self.quantifier()?.is_some() {
            return Err(NotLinear::Unsupported(again));
        }
        match atom.kind {
            Kind::Bytes => {}
            Kind::MaybeEmpty => return Err(NotLinear::RepeatedEmpty(at)),
            Kind::Place | Kind::LineStart(_) => return Err(NotLinear::Unsupported(at)),
        }
        let high = high.map_or(String::new(), |high| high.to_string());
        let lazy = if lazy { "?" } else { "" };
        Ok(Piece {
            text: format!("(?:{}){{{low},{high}}}{lazy}", atom.text),
            kind: if low == 0 {
                Kind::MaybeEmpty
            } else {
                Kind::Bytes
            },
        })
    }

    /// Least and most rounds.
    fn quantifier(&mut self) -> Result<Option<(u32, Option<u32>)>, NotLinear> {
        let at = self.at;
        let short = match self.peek() {
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'?') => (0, Some(1)),
            Some(b'{') if self.opens_quantifier() => {
                self.at += 1;
                let low = self.number().ok_or(NotLinear::Unsupported(at))?;
                let high = if self.take(b",") {
                    self.number()
                } else {
                    Some(low)
                };
                return if self.take(b"}") {
                    Ok(Some((low, high)))
                } else {
                    Err(NotLinear::Unsupported(at))
                };
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(short))
    }

    /// Whether the brace may be read as a quantifier's, by one version of PCRE2 or another.
    fn opens_quantifier(&self) -> bool {
        let next = self.pattern.get(self.at + 1);
        next.is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b' ' | b'\t'))
    }

    fn number(&mut self) -> Option<u32> {
        let mut number = None;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            self.at += 1;
            let tens = number.unwrap_or(0u32).saturating_mul(10);
            number = Some(tens.saturating_add(u32::from(digit - b'0')));
        }
        number
    }

    fn atom(&mut self) -> Result<Piece, NotLinear> {
        let at = self.at;
        let place = |text: &str, kind| {
            Ok(Piece {
                text: text.to_owned(),
                kind,
            })
        };
        match self.next() {
            Some(b'(') => self.group(at),
            Some(b'[') => {
                let set = self.class(at)?;
                Ok(bytes(&set))
            }
            Some(b'.') if self.flags.dotall => Ok(bytes(&ByteSet::ALL)),
            Some(b'.') => Ok(bytes(&ByteSet::of(|byte| byte != b'\n'))),
            Some(b'^') if self.flags.multiline => {
                self.looks_back()?;
                place("(?m:^)", Kind::LineStart(at))
            }
            Some(b'^') => {
                self.looks_back()?;
                place(r"\A", Kind::Place)
            }
            Some(b'$') if self.flags.multiline => place("(?m:$)", Kind::Place),
            Some(b'$') if self.options.dollar_endonly => place(r"\z", Kind::Place),
            Some(b'$') => Err(NotLinear::BeforeLastNewline(at)),
            Some(b'\\') => match self.peek() {
                Some(b'A' | b'b' | b'B') => {
                    self.looks_back()?;
                    match self.next() {
                        Some(b'A') => place(r"\A", Kind::Place),
                        Some(b'b') => place(r"\b", Kind::Place),
                        _ => place(r"\B", Kind::Place),
                    }
                }
                Some(b'z') => {
                    self.at += 1;
                    place(r"\z", Kind::Place)
                }
                _ => {
                    let set = self.escape(at)?;
                    Ok(bytes(&self.cases(set)))
                }
            },
            Some(b'*' | b'+' | b'?') | None => Err(NotLinear::Unsupported(at)),
            Some(b'{')
                if {
                    self.at = at;
                    self.opens_quantifier()
                } =>
            {
                Err(NotLinear::Unsupported(at))
            }
            Some(byte) => {
                self.at = at + 1;
                Ok(bytes(&self.cases(ByteSet::one(byte))))
            }
        }
    }

    /// An anchored search is given only what is behind its start.
    fn looks_back(&self) -> Result<(), NotLinear> {
        if self.options.anchored {
            Err(NotLinear::AnchoredAssertion)
        } else {
            Ok(())
        }
    }

    fn cases(&self, set: ByteSet) -> ByteSet {
        if self.flags.caseless {
            set.with_both_cases()
        } else {
            set
        }
    }

    /// Behind the opening parenthesis.
    fn group(&mut self, at: usize) -> Result<Piece, NotLinear> {
        let outer = self.flags;
        if self.peek() == Some(b'*') {
            return Err(NotLinear::Unsupported(at));
        }
        if self.take(b"?") && !self.take(b":") {
            if let Some(refused) = self.special(at) {
                return Err(refused);
            }
            if !self.flags_of_group(at)? {
                // To the end of the group around it, other branches too.
                return Ok(Piece {
                    text: String::new(),
                    kind: Kind::Place,
                });
            }
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(NotLinear::TooDeep(at));
        }
        let inner = self.alternation()?;
        self.depth -= 1;
        self.flags = outer;
        if !self.take(b")") {
            return Err(NotLinear::Unsupported(at));
        }
        Ok(Piece {
            text: format!("(?:{})", inner.text),
            kind: inner.kind,
        })
    }

    /// What a group with a question mark is refused for.
    fn special(&self, at: usize) -> Option<NotLinear> {
        let rest = self.pattern.get(self.at..).unwrap_or_default();
        match rest {
            [b'=' | b'!', ..] | [b'<', b'=' | b'!', ..] => Some(NotLinear::LookAround(at)),
            [b'>', ..] => Some(NotLinear::Atomic(at)),
            [b'(', ..] => Some(NotLinear::Conditional(at)),
            [b'R' | b'&' | b'+' | b'0'..=b'9', ..]
            | [b'P', b'=' | b'>', ..]
            | [b'-', b'0'..=b'9', ..] => Some(NotLinear::Reference(at)),
            _ => None,
        }
    }

    /// Reads `i`, `-s`, `im-s:` and the like; whether a group follows.
    fn flags_of_group(&mut self, at: usize) -> Result<bool, NotLinear> {
        let mut value = true;
        loop {
            match self.next() {
                Some(b'i') => self.flags.caseless = value,
                Some(b's') => self.flags.dotall = value,
                Some(b'm') => self.flags.multiline = value,
                Some(b'U') => self.flags.ungreedy = value,
                Some(b'-') if value => value = false,
                Some(b':') => return Ok(true),
                Some(b')') => return Ok(false),
                _ => return Err(NotLinear::Unsupported(at)),
            }
        }
    }
}

fn bytes(set: &ByteSet) -> Piece {
    Piece {
        text: set.to_string(),
        kind: Kind::Bytes,
    }
}
