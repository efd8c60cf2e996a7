//! MIME (RFC 2045 and 2046): what the parts of a message or form hold, their transfer
//! encodings undone.
//!
//! `parts` follows header lines and boundaries through bytes that may be cut anywhere,
//! `content_type` and `transfer_encoding` read the two fields that matter and undo what the
//! latter says. Nothing is kept of a part once it was given out. `mail` reads messages with
//! it, `http` forms. A multipart within a part is not followed, as in Snort: it is searched
//! as it came.

mod content_type;
mod parts;
mod transfer_encoding;

pub(super) use content_type::{media_type, parameter};
pub(super) use parts::{MimeReader, Part, Wanted};

#[cfg(test)]
mod tests;
