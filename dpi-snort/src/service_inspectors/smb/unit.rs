//! The buffers of a message of SMB.

use crate::{
    buffers::{BufferId, BufferPart, BufferSelector, BufferSource},
    file_types::FileTypes,
    service_inspectors::dce::DceFacts,
};

/// What rules may ask of one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SmbUnit<'a> {
    /// Bytes of a file that it carries.
    pub(super) file: Option<&'a [u8]>,
    /// What the file is, if they are its first.
    pub(super) file_types: FileTypes,
    /// The request or response that it carries to a pipe or from it.
    pub(super) dce: Option<DceFacts<'a>>,
}

impl BufferSource for SmbUnit<'_> {
    fn buffer(&self, selector: &BufferSelector) -> Option<&[u8]> {
        if selector.id == BufferId::FileData && selector.part == BufferPart::Whole {
            return self.file;
        }
        self.dce.as_ref()?.buffer(selector)
    }

    fn file_types(&self) -> FileTypes {
        self.file_types
    }

    fn dce(&self) -> Option<DceFacts<'_>> {
        self.dce
    }

    fn fresh<'b>(&'b self, scan: &mut dyn FnMut(BufferId, &'b [u8])) {
        if let Some(file) = self.file {
            scan(BufferId::FileData, file);
        }
        if let Some(facts) = &self.dce {
            facts.fresh(scan);
        }
    }
}
