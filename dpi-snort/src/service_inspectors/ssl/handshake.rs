//! The types of handshake messages, which may be cut across records and share one.

use super::{
    facts::SslWords,
    record::{Body, ContentType},
};

/// Bytes that tell what there is to know: type, length, and the version of a hello.
const HEAD: usize = 6;

/// Reader of the messages of one direction.
#[derive(Debug, Default)]
pub(super) struct Handshake {
    head: [u8; HEAD],
    have: usize,
    /// Bytes of the message under way that are to be passed over.
    left: usize,
    /// The last message is one after which the other end speaks.
    is_turn: bool,
    /// Bytes were lost: where messages begin is not known.
    is_lost: bool,
}

/// What some bytes told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) states: SslWords,
    pub(super) versions: SslWords,
}

impl Handshake {
    /// Reads on.
    pub(super) fn read(&mut self, part: &Body<'_>) -> Seen {
        let mut seen = Seen::default();
        if self.is_lost {
            return seen;
        }
        if part.kind == ContentType::Ssl2 {
            self.read_ssl2(part.data, &mut seen);
            return seen;
        }
        let mut data = part.data;
        while let Some((byte, rest)) = data.split_first() {
            if self.left > 0 {
                let passed = self.left.min(data.len());
                self.left = self.left.saturating_sub(passed);
                data = data.get(passed..).unwrap_or_default();
                continue;
            }
            data = rest;
            self.push(*byte);
            self.look(&mut seen);
        }
        seen
    }

    /// The other end is to speak once the record ends.
    pub(super) fn is_turn(&self) -> bool {
        self.is_turn && self.left == 0 && self.have == 0
    }

    /// Bytes were lost.
    pub(super) fn lose(&mut self) {
        self.is_lost = true;
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.head.get_mut(self.have) {
            *place = byte;
            self.have += 1;
        }
    }

    /// Takes what the head tells as soon as it is whole.
    fn look(&mut self, seen: &mut Seen) {
        let [kind, high, middle, low, major, minor] = self.head;
        if self.have == 1 {
            seen.states = seen.states.and(SslWords::of_message(kind));
            // ClientHello; ServerHelloDone.
            self.is_turn = matches!(kind, 1 | 14);
        }
        if self.have < 4 {
            return;
        }
        let length = u32::from_be_bytes([0, high, middle, low]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let is_hello = matches!(kind, 1 | 2) && length >= 2;
        if is_hello && self.have < HEAD {
            return;
        }
        if is_hello {
            seen.versions = seen.versions.and(SslWords::of_version([major, minor]));
        }
        let taken = self.have.saturating_sub(4);
        self.left = length.saturating_sub(taken);
        self.have = 0;
    }

    /// A message of SSL 2: one byte of type, and in hellos the version; of a server's behind
    /// two bytes more.
    fn read_ssl2(&mut self, data: &[u8], seen: &mut Seen) {
        for byte in data.iter().take(HEAD.saturating_sub(self.have)) {
            self.push(*byte);
            let [kind, one, two, three, four, _] = self.head;
            match (kind, self.have) {
                (1, 1) => seen.states = seen.states.and(SslWords::of_message(1)),
                (4, 1) => seen.states = seen.states.and(SslWords::of_message(2)),
                (1, 3) => seen.versions = seen.versions.and(SslWords::of_version([one, two])),
                (4, 5) => seen.versions = seen.versions.and(SslWords::of_version([three, four])),
                _ => {}
            }
        }
    }
}
