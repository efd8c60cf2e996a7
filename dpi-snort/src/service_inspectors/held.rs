//! Bytes of a message that is not whole yet.

/// What has come of a message. Once it is whole it is given out where it lies, and forgotten
/// when the next one begins.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: Vec<u8>,
    is_given: bool,
}

impl Held {
    /// Forgets what was given out.
    pub(super) fn begin(&mut self) {
        if std::mem::take(&mut self.is_given) {
            self.bytes = Vec::new();
        }
    }

    /// What has come and was not given out.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.is_given { &[] } else { &self.bytes }
    }

    /// Takes bytes off the front of `input` until `wanted` are held; whether they are.
    pub(super) fn fill(&mut self, input: &mut &[u8], wanted: usize) -> bool {
        let missing = wanted.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(split(input, missing));
        self.bytes.len() >= wanted
    }

    /// Gives out all that is held.
    pub(super) fn give(&mut self) -> &[u8] {
        self.is_given = true;
        &self.bytes
    }

    /// What is held of a message that does not become whole.
    pub(super) fn reset(&mut self) -> Vec<u8> {
        self.begin();
        std::mem::take(&mut self.bytes)
    }

    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
    }
}

/// Takes up to `count` bytes off the front.
pub(super) fn split<'i>(input: &mut &'i [u8], count: usize) -> &'i [u8] {
    let (front, rest) = input.split_at_checked(count).unwrap_or((*input, &[]));
    *input = rest;
    front
}
