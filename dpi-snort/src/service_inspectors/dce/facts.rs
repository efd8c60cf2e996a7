//! What `dce_iface`, `dce_opnum`, `dce_stub_data` and the argument `dce` of byte options ask
//! for.

use super::fields::{ByteOrder, Fields};
use crate::buffers::{BufferId, BufferPart, BufferSelector, BufferSource};

/// What is known of the request or response in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DceFacts<'a> {
    /// The interface that its context was bound to; `None` if it was not, or was refused.
    pub interface: Option<Interface>,
    /// The operation; of a response, that of its request, if that was seen.
    pub opnum: Option<u16>,
    /// Whether it begins here: false for later fragments.
    pub is_first: bool,
    /// How it writes integers.
    pub order: ByteOrder,
    /// The parameters, without header and authentication.
    pub stub: &'a [u8],
}

/// An interface as `dce_iface` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interface {
    /// Its identity.
    pub uuid: Uuid,
    /// Its major version.
    pub version: u16,
}

/// The 16 bytes of a UUID in the order of its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Uuid([u8; 16]);

impl Uuid {
    /// Reads eight, four, four, four and twelve hexadecimal digits with dashes between them.
    pub fn parse(text: &str) -> Option<Uuid> {
        let mut lengths = [8, 4, 4, 4, 12].into_iter();
        let mut groups = text.split('-');
        if !groups.all(|group| lengths.next() == Some(group.len())) || lengths.next().is_some() {
            return None;
        }
        let mut digits = text.bytes().filter(|byte| *byte != b'-');
        let mut uuid = [0; 16];
        for byte in &mut uuid {
            let mut digit = || char::from(digits.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            *byte = u8::try_from(high << 4 | low).ok()?;
        }
        Some(Uuid(uuid))
    }

    /// Reads one of a message: an integer of 32 bits, two of 16, eight bytes (C706 §A.1).
    pub(super) fn read(fields: Fields<'_>, at: usize) -> Option<Uuid> {
        let rest = fields.from(at);
        let (low, mid, high) = (rest.u32(0)?, rest.u16(4)?, rest.u16(6)?);
        let tail: [u8; 8] = rest.array(8)?;
        let mut uuid = [0; 16];
        let bytes = low.to_be_bytes().into_iter();
        let bytes = bytes.chain(mid.to_be_bytes()).chain(high.to_be_bytes());
        for (to, byte) in uuid.iter_mut().zip(bytes.chain(tail)) {
            *to = byte;
        }
        Some(Uuid(uuid))
    }
}

impl Interface {
    /// Reads a UUID and the version behind it: the major number in the lower half of 32 bits
    /// (C706 §12.6.3.1, `p_syntax_id_t`).
    pub(super) fn read(fields: Fields<'_>, at: usize) -> Option<Interface> {
        Interface::read_apart(fields, at, at.checked_add(16)?)
    }

    /// The same where the version stands elsewhere (C706 §12.5.1).
    pub(super) fn read_apart(fields: Fields<'_>, uuid: usize, version: usize) -> Option<Interface> {
        let version = fields.u32(version)?;
        Some(Interface {
            uuid: Uuid::read(fields, uuid)?,
            version: u16::try_from(version & 0xFFFF).unwrap_or_default(),
        })
    }
}

impl<'s> DceFacts<'s> {
    /// The stub, if the selector asks for it.
    pub(in crate::service_inspectors) fn buffer(
        &self,
        selector: &BufferSelector,
    ) -> Option<&'s [u8]> {
        let is_stub = selector.id == BufferId::DceStubData && selector.part == BufferPart::Whole;
        is_stub.then_some(self.stub)
    }
}

impl BufferSource for DceFacts<'_> {
    fn buffer(&self, selector: &BufferSelector) -> Option<&[u8]> {
        DceFacts::buffer(self, selector)
    }

    fn dce(&self) -> Option<DceFacts<'_>> {
        Some(*self)
    }

    fn fresh<'b>(&'b self, scan: &mut dyn FnMut(BufferId, &'b [u8])) {
        if !self.stub.is_empty() {
            scan(BufferId::DceStubData, self.stub);
        }
    }
}
