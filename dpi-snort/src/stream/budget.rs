//! Memory for what is held back, shared by all flows of one engine.

/// A number of bytes that may be in use at once.
#[derive(Debug)]
pub struct Budget {
    used: usize,
    max: usize,
}

impl Budget {
    /// A budget of `max` bytes, none in use.
    pub fn new(max: usize) -> Self {
        Budget { used: 0, max }
    }

    /// Takes `bytes` if they are left.
    #[must_use]
    pub fn charge(&mut self, bytes: usize) -> bool {
        match self.used.checked_add(bytes) {
            Some(used) if used <= self.max => {
                self.used = used;
                true
            }
            _ => false,
        }
    }

    /// Whether `bytes` more are left.
    pub fn has(&self, bytes: usize) -> bool {
        self.used.saturating_add(bytes) <= self.max
    }

    /// Corrects a charge of `before` bytes to `after`, also beyond the maximum: what was
    /// charged has already been stored within bounds of its own.
    pub fn recharge(&mut self, before: usize, after: usize) {
        self.used = self.used.saturating_sub(before).saturating_add(after);
    }

    /// Gives `bytes` back.
    pub fn release(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
    }

    /// Whether more is in use than may be.
    pub fn is_exceeded(&self) -> bool {
        self.used > self.max
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.used
    }
}
