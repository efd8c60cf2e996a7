//! One direction of a connection, or of a pipe, into PDUs.

use super::pdu::Header;
use crate::service_inspectors::held::{Held, split};

/// Bytes of one direction.
#[derive(Debug, Default)]
pub(in crate::service_inspectors) struct Framing {
    /// The PDU under way; the header says its length, so it holds 64 KiB at most.
    held: Held,
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
        self.held.begin();
        if self.damaged > 0 {
            let piece = split(input, self.damaged);
            self.damaged = self.damaged.saturating_sub(piece.len());
            return Ok(Some(Part::Piece(piece)).filter(|_| !piece.is_empty()));
        }
        if self.held.bytes().is_empty() {
            match Header::of(input).transpose()? {
                Some(header) if header.length <= input.len() => {
                    return Ok(Some(Part::Pdu(split(input, header.length))));
                }
                _ => {}
            }
        }
        self.held.fill(input, Header::LENGTH);
        let Some(header) = Header::of(self.held.bytes()).transpose()? else {
            return Ok(None);
        };
        if !self.held.fill(input, header.length) {
            return Ok(None);
        }
        Ok(Some(Part::Pdu(self.held.give())))
    }

    /// `lost` bytes will not come; whether it is known where the next PDU begins.
    pub(in crate::service_inspectors) fn skip(&mut self, lost: u64) -> bool {
        let held = self.held.bytes();
        let left = match Header::of(held) {
            Some(Ok(header)) => header.length.saturating_sub(held.len()),
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
        self.held.reset()
    }

    pub(in crate::service_inspectors) fn memory(&self) -> usize {
        self.held.memory()
    }
}
