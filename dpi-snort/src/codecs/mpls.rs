//! One MPLS label stack entry (RFC 3032).

use super::{DecodeError, Layer};

/// A label with what follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mpls<'a> {
    header: &'a [u8; 4],
    payload: &'a [u8],
}

impl<'a> Mpls<'a> {
    pub(super) fn new_checked(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (header, payload) = bytes
            .split_first_chunk()
            .ok_or(DecodeError::Truncated(Layer::Mpls))?;
        Ok(Mpls { header, payload })
    }

    pub(super) fn is_bottom(&self) -> bool {
        self.header[2] & 1 != 0
    }

    pub(super) fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
