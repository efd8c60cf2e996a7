//! The buffers of a PDU.

use crate::{
    buffers::{BufferId, BufferPart, BufferSelector, BufferSource},
    file_types::FileTypes,
};

/// Some bytes of a part.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartUnit<'a> {
    /// `file_data`.
    pub(super) data: &'a [u8],
    /// What the part is by its first bytes.
    pub(super) file: FileTypes,
}

impl BufferSource for PartUnit<'_> {
    fn buffer(&self, selector: &BufferSelector) -> Option<&[u8]> {
        let is_asked = selector.id == BufferId::FileData && selector.part == BufferPart::Whole;
        is_asked.then_some(self.data)
    }

    fn file_types(&self) -> FileTypes {
        self.file
    }

    fn fresh<'b>(&'b self, scan: &mut dyn FnMut(BufferId, &'b [u8])) {
        scan(BufferId::FileData, self.data);
    }
}
