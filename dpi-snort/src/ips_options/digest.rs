//! `md5`, `sha256`, `sha512`: `sha256:"|2c f2 …|",length 5,offset 2` — whether some bytes have
//! a digest.
//!
//! The digest is written as bytes. A string of hexadecimal letters is the letters themselves,
//! as in Snort: it never matches, and its negation always does.

use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512};

use super::{Cursor, Offset, OptionError, RuleContext, args, content::to_i64, hex::byte_code};
use crate::parser::lexer::RawOption;

const MAX_LENGTH: i64 = 65_535;

/// A digest, and which bytes are to have it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DigestOption {
    algorithm: Algorithm,
    digest: Box<[u8]>,
    negated: bool,
    length: usize,
    offset: Offset,
    relative: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Algorithm {
    Md5,
    Sha256,
    Sha512,
}

impl DigestOption {
    pub(super) fn parse(
        raw: &RawOption<'_>,
        context: &RuleContext,
    ) -> Result<DigestOption, OptionError> {
        let algorithm = match raw.name {
            "md5" => Algorithm::Md5,
            "sha256" => Algorithm::Sha256,
            _ => Algorithm::Sha512,
        };
        let (first, modifiers) = raw.args.split_first().ok_or(OptionError::Missing {
            argument: "the digest",
        })?;
        if !first.word.quoted {
            return Err(OptionError::ByteCode { at: 1 });
        }
        first.no_value()?;
        let digest = byte_code(first.word.bytes)?;
        let mut length = None;
        let mut offset = Offset::Number(0);
        let mut relative = false;
        for modifier in modifiers {
            match modifier.name() {
                "length" => {
                    let text = modifier.required("length")?;
                    length = Some(args::bounded(text, "length", 1, MAX_LENGTH)?);
                }
                "offset" => {
                    offset = Offset::parse(modifier, "offset", -MAX_LENGTH, MAX_LENGTH, context)?;
                }
                "relative" => {
                    modifier.no_value()?;
                    relative = true;
                }
                _ => return Err(modifier.unknown()),
            }
        }
        let length = length.ok_or(OptionError::Missing {
            argument: "length, the number of bytes that have this digest",
        })?;
        Ok(DigestOption {
            algorithm,
            digest: digest.into(),
            negated: first.word.negated,
            length: super::content::to_usize(length),
            offset,
            relative,
        })
    }

    pub(super) fn is_relative(&self) -> bool {
        self.relative
    }

    /// Bytes that are digested at each evaluation.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Goes behind the bytes if they have the digest. Bytes that are not all there have
    /// none, and no other either.
    pub(super) fn evaluate(&self, cursor: &mut Cursor<'_>) -> bool {
        let start = cursor.base(self.relative, self.offset.value(cursor));
        let end = start.saturating_add(to_i64(self.length));
        let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end)) else {
            return false;
        };
        let Some(bytes) = cursor.data.get(from..to) else {
            return false;
        };
        let is_equal = self.algorithm.has(bytes, &self.digest);
        if self.negated {
            return !is_equal;
        }
        is_equal && cursor.set_pos(end)
    }
}

impl Algorithm {
    fn has(self, bytes: &[u8], digest: &[u8]) -> bool {
        match self {
            Algorithm::Md5 => digest == Md5::digest(bytes).as_slice(),
            Algorithm::Sha256 => digest == Sha256::digest(bytes).as_slice(),
            Algorithm::Sha512 => digest == Sha512::digest(bytes).as_slice(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moves, refused};

    /// Digests of "hello", as RFC 1321 and FIPS 180-4 have them made.
    const MD5: &str = "|5d41402abc4b2a76b9719d911017c592|";
    const SHA256: &str = "|2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824|";
    const SHA512: &str = "|9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca7\
        2323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043|";

    #[test]
    fn evaluated() {
        for (name, digest) in [("md5", MD5), ("sha256", SHA256), ("sha512", SHA512)] {
            let hex = digest.trim_matches('|');
            for (arguments, payload, from, expected) in [
                (",length 5", &b"hello"[..], 0, Some(5)),
                (",length 5,offset 2", b"..hello", 0, Some(7)),
                (",offset 2,length 5", b"..hello", 0, Some(7)),
                (",length 5,offset 1", b"..hello", 0, None),
                (",length 4", b"hello", 0, None),
                (",length 6", b"hello", 0, None),
                (",length 5,relative", b"..hello", 2, Some(7)),
                (",length 5,offset 1,relative", b"..hello", 1, Some(7)),
                (",length 5,offset -5,relative", b"hello", 5, Some(5)),
                (",length 5,offset -6,relative", b"hello", 5, None),
                (",length 5,offset -1", b"hello", 0, None),
                (",length 5", b"hello", 3, Some(5)),
            ] {
                moves(&[(
                    &format!("{name}:\"{digest}\"{arguments}"),
                    payload,
                    from,
                    expected,
                )]);
            }
            for (text, payload, from, expected) in [
                (
                    format!("{name}:!\"{digest}\",length 5"),
                    &b"hello"[..],
                    1,
                    None,
                ),
                (
                    format!("{name}:!\"{digest}\",length 5"),
                    b"hallo",
                    1,
                    Some(1),
                ),
                (format!("{name}:!\"{digest}\",length 5"), b"hell", 0, None),
                (format!("{name}:\"{hex}\",length 5"), b"hello", 0, None),
                (format!("{name}:!\"{hex}\",length 5"), b"hello", 0, Some(0)),
                (
                    format!("byte_extract:1,0,n; {name}:\"{digest}\",length 5,offset n"),
                    b"\x02.hello",
                    0,
                    Some(7),
                ),
            ] {
                moves(&[(&text, payload, from, expected)]);
            }
        }
    }

    #[test]
    fn refusals() {
        let needs_length = "missing argument: length, the number of bytes that have this digest";
        refused(&[
            ("md5", "missing argument: the digest"),
            ("md5:abc,length 5", "bad byte code at 1"),
            ("sha256:\"|4g|\",length 5", "bad byte code at 3"),
            ("sha256:\"|41\",length 5", "unclosed | in a content"),
            ("md5:\"5d41402abc4b2a76b9719d911017c592\"", needs_length),
            ("sha512:\"00\"", needs_length),
            ("md5:\"00\",offset 2", needs_length),
            ("md5:\"00\",length 0", "length must be 1 to 65535, not 0"),
            ("md5:\"00\",length", "length needs a value"),
            ("md5:\"00\",length x", r#""x" is no value for length"#),
            (
                "md5:\"00\",length 5,offset 65536",
                "offset must be -65535 to 65535, not 65536",
            ),
            (
                "md5:\"00\",length 5,offset n",
                r#"unknown variable "n": byte_extract or byte_math must set it before"#,
            ),
            ("md5:\"00\",length 5,bogus 1", r#"unknown argument "bogus""#),
            (
                "md5:\"00\",length 5,relative 1",
                r#"unknown argument "relative 1""#,
            ),
        ]);
    }
}
