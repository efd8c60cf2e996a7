//! Sets of bytes as an expression writes them: classes in brackets, and escapes.

use super::{NotLinear, Parser};
use crate::pcre::byte_set::ByteSet;

impl Parser<'_> {
    /// Behind the opening bracket.
    pub(super) fn class(&mut self, at: usize) -> Result<ByteSet, NotLinear> {
        let negated = self.take(b"^");
        let mut set = ByteSet::default();
        let mut first = true;
        loop {
            let here = self.at;
            match self.peek() {
                Some(b']') if !first => break,
                Some(b'[') if matches!(self.pattern.get(here + 1), Some(b':' | b'.' | b'=')) => {
                    set = set.or(self.posix(here)?);
                    self.no_range(here)?;
                }
                _ => {
                    let low = self.class_atom(here)?;
                    match low.single() {
                        Some(low) if self.opens_range() => {
                            self.at += 1;
                            let high = self.class_atom(here)?.single();
                            let high = high.ok_or(NotLinear::Unsupported(here))?;
                            set = set.or(ByteSet::of(|byte| (low..=high).contains(&byte)));
                        }
                        Some(_) => set = set.or(low),
                        None => {
                            set = set.or(low);
                            self.no_range(here)?;
                        }
                    }
                }
            }
            first = false;
        }
        self.at += 1;
        let set = self.cases(set);
        let set = if negated { set.not() } else { set };
        if set == ByteSet::default() {
            return Err(NotLinear::Unsupported(at));
        }
        Ok(set)
    }

    /// A hyphen between two members.
    fn opens_range(&self) -> bool {
        let next = self.pattern.get(self.at + 1);
        self.peek() == Some(b'-') && next.is_some_and(|byte| *byte != b']')
    }

    /// A hyphen behind a class of bytes is an error, a range or itself, by version.
    fn no_range(&self, at: usize) -> Result<(), NotLinear> {
        if self.opens_range() {
            Err(NotLinear::Unsupported(at))
        } else {
            Ok(())
        }
    }

    fn class_atom(&mut self, at: usize) -> Result<ByteSet, NotLinear> {
        match self.next() {
            Some(b'\\') if self.take(b"b") => Ok(ByteSet::one(8)),
            Some(b'\\') => self.escape(at),
            // The end of a range that looks like a named class.
            Some(b'[') if matches!(self.peek(), Some(b':' | b'.' | b'=')) => {
                Err(NotLinear::Unsupported(at))
            }
            Some(byte) => Ok(ByteSet::one(byte)),
            None => Err(NotLinear::Unsupported(at)),
        }
    }

    /// `[:name:]` within a class.
    fn posix(&mut self, at: usize) -> Result<ByteSet, NotLinear> {
        let unsupported = NotLinear::Unsupported(at);
        if !self.take(b"[:") {
            return Err(unsupported);
        }
        let negated = self.take(b"^");
        let rest = self.pattern.get(self.at..).unwrap_or_default();
        let end = rest.windows(2).position(|two| two == b":]");
        let name = end.and_then(|end| rest.get(..end)).ok_or(unsupported)?;
        let set = ByteSet::posix(name).ok_or(unsupported)?;
        self.at += name.len() + 2;
        Ok(if negated { set.not() } else { set })
    }

    /// Behind a backslash: the bytes that the escape stands for, outside of classes and in.
    pub(super) fn escape(&mut self, at: usize) -> Result<ByteSet, NotLinear> {
        let Some(byte) = self.next() else {
            return Err(NotLinear::Unsupported(at));
        };
        if let Some(set) = ByteSet::escape(byte) {
            return Ok(set);
        }
        match byte {
            b'x' => self.hex(at),
            b'1'..=b'9' | b'g' | b'k' => Err(NotLinear::Reference(at)),
            b'Z' => Err(NotLinear::BeforeLastNewline(at)),
            b'0' => Err(NotLinear::Unsupported(at)),
            byte if byte.is_ascii_alphabetic() => Err(NotLinear::Unsupported(at)),
            byte => Ok(ByteSet::one(byte)),
        }
    }

    /// `\xHH` or `\x{H…}`.
    fn hex(&mut self, at: usize) -> Result<ByteSet, NotLinear> {
        let braces = self.take(b"{");
        let rest = self.pattern.get(self.at..).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit());
        let count = if braces {
            digits.count()
        } else {
            digits.take(2).count()
        };
        let digits = rest.get(..count).unwrap_or_default();
        self.at += count;
        // Fewer digits mean the same to PCRE2, but hardly to who wrote them.
        if braces && !self.take(b"}") || !braces && count != 2 {
            return Err(NotLinear::Unsupported(at));
        }
        let text = str::from_utf8(digits).unwrap_or_default();
        let byte = u8::from_str_radix(text, 16);
        byte.map(ByteSet::one)
            .map_err(|_| NotLinear::Unsupported(at))
    }
}
