//! Bytes of one direction into records (RFC 5246 §6.2, RFC 8446 §5.1; for the hello of SSL 2
//! RFC 5246 §E.2). Incremental at any byte.

/// What a record holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ContentType {
    ChangeCipherSpec,
    Alert,
    #[default]
    Handshake,
    ApplicationData,
    Heartbeat,
    /// A message of SSL 2, which has no types of records.
    Ssl2,
}

/// The header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: ContentType,
    /// Major number first; of SSL 2 the message has it.
    pub(super) version: [u8; 2],
    bytes: [u8; LENGTH],
    len: usize,
}

/// Some bytes of a record behind its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Body<'a> {
    pub(super) kind: ContentType,
    pub(super) data: &'a [u8],
    /// They are its last.
    pub(super) ends: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Header(Header),
    Body(Body<'a>),
}

/// Why a direction cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RecordError {
    #[error("no type of a record")]
    Type,
    #[error("a version other than 3.x")]
    Version,
    #[error("a record of more than 18432 bytes")]
    Length,
}

impl RecordError {
    /// The counter's label.
    pub(super) fn reason(self) -> &'static str {
        match self {
            RecordError::Type => "ssl_record_type",
            RecordError::Version => "ssl_record_version",
            RecordError::Length => "ssl_record_length",
        }
    }
}

/// Bytes of a record's header; SSL 2 has two.
const LENGTH: usize = 5;
/// A fragment of 2^14 bytes, and what encryption and compression may add to it.
const MAX_RECORD: usize = (1 << 14) + 2048;

/// Reader of one direction.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// A half-read header.
    header: [u8; LENGTH],
    have: usize,
    /// Of the record under way: its type, and how much of it is still to come.
    body: Option<(ContentType, usize)>,
    has_begun: bool,
}

impl ContentType {
    /// No other record belongs to the same step of the conversation.
    pub(super) fn stands_alone(self) -> bool {
        use ContentType as T;
        matches!(self, T::Alert | T::ApplicationData | T::Heartbeat | T::Ssl2)
    }

    fn of(byte: u8) -> Result<ContentType, RecordError> {
        Ok(match byte {
            20 => ContentType::ChangeCipherSpec,
            21 => ContentType::Alert,
            22 => ContentType::Handshake,
            23 => ContentType::ApplicationData,
            24 => ContentType::Heartbeat,
            _ => return Err(RecordError::Type),
        })
    }
}

impl Header {
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Records {
    /// Takes bytes off the front of `input`; `None` when more are needed, then `input` is
    /// empty. After an error the bytes of the header are still there to be [`reset`](Self::reset).
    pub(super) fn next<'a>(
        &mut self,
        input: &mut &'a [u8],
    ) -> Result<Option<Part<'a>>, RecordError> {
        if let Some((kind, left)) = self.body {
            if left > 0 && input.is_empty() {
                return Ok(None);
            }
            let (data, rest) = input.split_at(left.min(input.len()));
            *input = rest;
            let ends = data.len() == left;
            self.body = (!ends).then_some((kind, left.saturating_sub(data.len())));
            return Ok(Some(Part::Body(Body { kind, data, ends })));
        }
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            if let Some(place) = self.header.get_mut(self.have) {
                *place = *byte;
                self.have += 1;
            }
            if let Some(header) = self.read()? {
                return Ok(Some(Part::Header(header)));
            }
        }
        Ok(None)
    }

    /// Whether no record is under way.
    pub(super) fn is_between(&self) -> bool {
        self.body.is_none() && self.have == 0
    }

    /// Passes over lost bytes; `false` if it is not known where the next record begins.
    pub(super) fn skip(&mut self, lost: u64) -> bool {
        let Some((kind, left)) = self.body else {
            return false;
        };
        let Some(left) = usize::try_from(lost)
            .ok()
            .and_then(|lost| left.checked_sub(lost))
        else {
            return false;
        };
        self.body = (left > 0).then_some((kind, left));
        true
    }

    /// Begins anew; the bytes of a half-read header.
    pub(super) fn reset(&mut self) -> Vec<u8> {
        let half_read = self.header.get(..self.have).unwrap_or_default().to_vec();
        *self = Records::default();
        half_read
    }

    /// The header, once it is whole.
    fn read(&mut self) -> Result<Option<Header>, RecordError> {
        let bytes = self.header;
        let [kind, second, minor, high, low] = bytes;
        if !self.has_begun && kind & 0x80 != 0 {
            let length = usize::from(u16::from_be_bytes([kind & 0x7f, second]));
            let whole = (self.have == 2).then_some((ContentType::Ssl2, [0; 2], length));
            return Ok(whole.map(|whole| self.begin(whole)));
        }
        let kind = ContentType::of(kind)?;
        if self.have > 1 && second != 3 {
            return Err(RecordError::Version);
        }
        if self.have < LENGTH {
            return Ok(None);
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > MAX_RECORD {
            return Err(RecordError::Length);
        }
        Ok(Some(self.begin((kind, [second, minor], length))))
    }

    fn begin(&mut self, (kind, version, length): (ContentType, [u8; 2], usize)) -> Header {
        let header = Header {
            kind,
            version,
            bytes: self.header,
            len: self.have,
        };
        self.have = 0;
        self.has_begun = true;
        self.body = Some((kind, length));
        header
    }
}
