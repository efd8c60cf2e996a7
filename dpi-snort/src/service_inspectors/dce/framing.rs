//! One direction of a connection, or of a pipe, into PDUs.

use super::pdu::Header;

/// Bytes of one direction.
#[derive(Debug, Default)]
pub(in crate::service_inspectors) struct Framing {
    /// The PDU under way; the header says its length, so it holds 64 KiB at most.
    held: Vec<u8>,
    /// `held` was given out.
    is_given: bool,
    /// Bytes of a PDU of which others are lost.
    damaged: usize,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service_inspectors) enum Part<'a> {
    Pdu(&'a [u8]),
    /// Some of a PDU that is not whole.
    Piece(&'a [u8]),
}

impl Framing {
    /// Takes bytes off the front of `input` to the end of the next PDU, or of the input.
    pub(in crate::service_inspectors) fn next<'r, 'i: 'r>(
        &'r mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Part<'r>>, &'static str> {
        if std::mem::take(&mut self.is_given) {
            self.held = Vec::new();
        }
        if self.damaged > 0 {
            let piece = split(input, self.damaged);
            self.damaged = self.damaged.saturating_sub(piece.len());
            return Ok(Some(Part::Piece(piece)).filter(|_| !piece.is_empty()));
        }
        if self.held.is_empty() {
            match Header::of(input).transpose()? {
                Some(header) if header.length <= input.len() => {
                    return Ok(Some(Part::Pdu(split(input, header.length))));
                }
                _ => {}
            }
        }
        let missing = Header::LENGTH.saturating_sub(self.held.len());
        self.held.extend_from_slice(split(input, missing));
        let Some(header) = Header::of(&self.held).transpose()? else {
            return Ok(None);
        };
        let missing = header.length.saturating_sub(self.held.len());
        self.held.extend_from_slice(split(input, missing));
        if self.held.len() < header.length {
            return Ok(None);
        }
        self.is_given = true;
        Ok(Some(Part::Pdu(&self.held)))
    }

    /// `lost` bytes will not come; whether it is known where the next PDU begins.
    pub(in crate::service_inspectors) fn skip(&mut self, lost: u64) -> bool {
        let left = match Header::of(&self.held) {
            Some(Ok(header)) if !self.is_given => header.length.saturating_sub(self.held.len()),
            _ => self.damaged,
        };
        let after = usize::try_from(lost)
            .ok()
            .and_then(|lost| left.checked_sub(lost));
        self.damaged = after.unwrap_or(0);
        after.is_some()
    }

    /// What is held of a PDU that does not become whole.
    pub(in crate::service_inspectors) fn reset(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        if std::mem::take(&mut self.is_given) {
            Vec::new()
        } else {
            held
        }
    }

    pub(in crate::service_inspectors) fn memory(&self) -> usize {
        self.held.capacity()
    }
}

/// Takes up to `count` bytes off the front.
pub(in crate::service_inspectors) fn split<'i>(input: &mut &'i [u8], count: usize) -> &'i [u8] {
    let (front, rest) = input.split_at_checked(count).unwrap_or((*input, &[]));
    *input = rest;
    front
}
