//! Integers of a message, in the byte order that it is written in.

/// How integers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ByteOrder {
    /// The most significant byte first.
    Big,
    /// The least significant byte first.
    #[default]
    Little,
}

impl ByteOrder {
    /// By the first byte of a data representation label (C706 §14.1): integers in its upper
    /// half.
    pub(super) fn of_label(byte: u8) -> ByteOrder {
        if byte & 0xF0 == 0 {
            ByteOrder::Big
        } else {
            ByteOrder::Little
        }
    }
}

/// The bytes of a message.
#[derive(Clone, Copy, Debug)]
pub(in crate::service_inspectors) struct Fields<'a> {
    pub(in crate::service_inspectors) bytes: &'a [u8],
    pub(in crate::service_inspectors) order: ByteOrder,
}

impl<'a> Fields<'a> {
    pub(in crate::service_inspectors) fn little(bytes: &'a [u8]) -> Fields<'a> {
        Fields {
            bytes,
            order: ByteOrder::Little,
        }
    }

    pub(in crate::service_inspectors) fn u8(self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    pub(in crate::service_inspectors) fn u16(self, at: usize) -> Option<u16> {
        let bytes = self.array(at)?;
        Some(match self.order {
            ByteOrder::Big => u16::from_be_bytes(bytes),
            ByteOrder::Little => u16::from_le_bytes(bytes),
        })
    }

    pub(in crate::service_inspectors) fn u32(self, at: usize) -> Option<u32> {
        let bytes = self.array(at)?;
        Some(match self.order {
            ByteOrder::Big => u32::from_be_bytes(bytes),
            ByteOrder::Little => u32::from_le_bytes(bytes),
        })
    }

    pub(in crate::service_inspectors) fn u64(self, at: usize) -> Option<u64> {
        let bytes = self.array(at)?;
        Some(match self.order {
            ByteOrder::Big => u64::from_be_bytes(bytes),
            ByteOrder::Little => u64::from_le_bytes(bytes),
        })
    }

    pub(in crate::service_inspectors) fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    /// What stands from `at` on; nothing behind the end.
    pub(in crate::service_inspectors) fn from(self, at: usize) -> Fields<'a> {
        Fields {
            bytes: self.bytes.get(at..).unwrap_or_default(),
            ..self
        }
    }
}
