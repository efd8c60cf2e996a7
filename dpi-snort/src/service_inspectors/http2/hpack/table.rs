//! The two tables that header fields are taken from (RFC 7541 §2.3): the static one, and
//! the dynamic one of fields seen on the connection.

use std::{collections::VecDeque, sync::Arc};

/// RFC 7541 §4.1: what an entry counts besides its name and value.
const OVERHEAD: usize = 32;

/// A name and a value. Names are shared: a field may name another's name by two bytes, so
/// that copying would cost far more than it took to send.
type Entry = (Arc<[u8]>, Box<[u8]>);

/// Fields seen on the connection, the newest first.
#[derive(Debug)]
pub(super) struct DynamicTable {
    entries: VecDeque<Entry>,
    size: usize,
    max_size: usize,
}

impl DynamicTable {
    /// RFC 9113 §6.5.2: the size until the encoder says otherwise.
    pub(super) const INITIAL_SIZE: usize = 4096;

    pub(super) fn new() -> DynamicTable {
        DynamicTable {
            entries: VecDeque::new(),
            size: 0,
            max_size: DynamicTable::INITIAL_SIZE,
        }
    }

    /// RFC 7541 §4.3.
    pub(super) fn resize(&mut self, max_size: usize) {
        self.max_size = max_size;
        self.evict_to(max_size);
    }

    /// RFC 7541 §4.4: an entry larger than the table empties it.
    pub(super) fn insert(&mut self, name: Arc<[u8]>, value: &[u8]) {
        let size = name.len() + value.len() + OVERHEAD;
        self.evict_to(self.max_size.saturating_sub(size));
        if size <= self.max_size {
            self.entries.push_front((name, value.into()));
            self.size += size;
        }
    }

    /// By index from 0, the newest.
    pub(super) fn get(&self, index: usize) -> Option<(&Arc<[u8]>, &[u8])> {
        let (name, value) = self.entries.get(index)?;
        Some((name, value))
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.size = 0;
    }

    pub(super) fn memory(&self) -> usize {
        self.size + self.entries.capacity() * size_of::<Entry>()
    }

    fn evict_to(&mut self, size: usize) {
        while self.size > size {
            let Some((name, value)) = self.entries.pop_back() else {
                return;
            };
            self.size -= name.len() + value.len() + OVERHEAD;
        }
    }
}

/// RFC 7541 Appendix A, from index 1.
pub(super) const STATIC: &[(&str, &str)] = &[
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];
