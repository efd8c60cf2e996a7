//! What a message carries of files and pipes.

use smallvec::SmallVec;

/// Parts of one message.
pub(super) type AllCarried = SmallVec<[Carried; 2]>;

/// Bytes that are written to, or read from, something open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Carried {
    pub(super) open: Open,
    /// Where in the session packet they begin, its header counted.
    pub(super) start: usize,
    /// How many there are; a long message's packet may end before them.
    pub(super) length: usize,
    /// Where in the file they stand, if the message says so.
    pub(super) offset: Option<u64>,
}

impl Carried {
    /// Data of a message that begins at `at`, at an offset from its header, which is of so many
    /// bytes; `None` if there is none, or it would lie in the header.
    pub(super) fn of(
        open: Open,
        at: usize,
        header: usize,
        (start, length): (usize, usize),
    ) -> Option<Carried> {
        let carried = Carried {
            open,
            start: at.saturating_add(start),
            length,
            offset: None,
        };
        (length > 0 && start >= header).then_some(carried)
    }
}

/// Something open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) id: OpenId,
    /// Whether it is a pipe; `None` if the share is not known.
    pub(super) is_pipe: Option<bool>,
}

/// How it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenId {
    /// A `FID` of SMB 1.
    Smb1(u16),
    /// A `FileId` ([MS-SMB2] 2.2.14.1).
    Smb2([u8; 16]),
    /// What the message of this number creates: it is used before it has an id
    /// ([MS-SMB2] 3.2.4.1.4, related operations).
    Created(u64),
}
