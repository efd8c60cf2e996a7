//! A string with a bound.

use std::{fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// UTF-8 text of at most `MAX` bytes.
///
/// Made by [`Text::cut`] it is shortened at a character boundary; read by serde
/// it is refused when longer, because the sender was bound to cut it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Text<const MAX: usize>(Box<str>);

/// A text longer than its field allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text of {len} bytes where at most {max} are allowed")]
pub struct TextTooLong {
    /// Length found, in bytes.
    pub len: usize,
    /// Length allowed, in bytes.
    pub max: usize,
}

impl<const MAX: usize> Text<MAX> {
    /// The first `MAX` bytes of `text`, fewer where that would split a character.
    pub fn cut(text: &str) -> Self {
        let mut end = text.len().min(MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self(text.get(..end).unwrap_or_default().into())
    }

    /// `text` whole, or an error if it is too long.
    pub fn new_checked(text: &str) -> Result<Self, TextTooLong> {
        if text.len() > MAX {
            return Err(TextTooLong {
                len: text.len(),
                max: MAX,
            });
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const MAX: usize>;

        impl<const MAX: usize> de::Visitor<'_> for Visitor<MAX> {
            type Value = Text<MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "text of at most {MAX} bytes")
            }

            // A borrowed string reaches this too; nothing is allocated before the check.
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<MAX>, E> {
                Text::new_checked(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor::<MAX>)
    }
}
