//! Every buffer that a rule can name, and where it gets its bytes from.

use crate::builtin::EventSet;
use crate::file_types::FileTypes;
use crate::service_inspectors::{dce::DceFacts, sip::SipStart, ssl::SslFacts};

/// A rule buffer. The names are Snort 3's option names in camel case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "each name is the rule option of the same spelling"
)]
pub enum BufferId {
    PktData,
    RawData,
    FileData,
    DceStubData,
    HttpUri,
    HttpRawUri,
    HttpHeader,
    HttpRawHeader,
    HttpCookie,
    HttpRawCookie,
    HttpMethod,
    HttpVersion,
    HttpStatCode,
    HttpStatMsg,
    HttpClientBody,
    HttpRawBody,
    HttpRawRequest,
    HttpRawStatus,
    HttpTrueIp,
    HttpParam,
    HttpTrailer,
    HttpRawTrailer,
    SipBody,
    SipHeader,
}

impl BufferId {
    /// How many buffers there are.
    pub const COUNT: usize = BufferId::SipHeader as usize + 1;
}

/// Some of the buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct BufferSet(u32);

impl BufferSet {
    pub(crate) const fn of(buffer: BufferId) -> BufferSet {
        BufferSet(1 << buffer as u32)
    }

    pub(crate) fn insert(&mut self, buffer: BufferId) {
        *self = self.union(BufferSet::of(buffer));
    }

    pub(crate) const fn union(self, other: BufferSet) -> BufferSet {
        BufferSet(self.0 | other.0)
    }

    pub(crate) const fn contains(self, buffer: BufferId) -> bool {
        self.meets(BufferSet::of(buffer))
    }

    /// Whether any buffer is in both.
    pub(crate) const fn meets(self, other: BufferSet) -> bool {
        self.0 & other.0 != 0
    }

    /// The same as a number.
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }
}

/// A buffer together with the sub-options that choose a part of it
/// (`http_header:field user-agent`, `http_uri:path`, `http_header:request`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferSelector {
    /// The buffer.
    pub id: BufferId,
    /// Which part of it.
    pub part: BufferPart,
    /// `request`: the request's value also while the response is examined.
    pub request: bool,
}

/// A part of a buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BufferPart {
    /// All of it.
    #[default]
    Whole,
    /// One header or trailer field, lower case.
    Field(Box<str>),
    /// One parameter of the query or form body; the flag is `nocase`.
    Param(Box<str>, bool),
    /// A component of the URI.
    Uri(UriPart),
}

/// A component of a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are Snort's sub-options")]
pub enum UriPart {
    Scheme,
    Host,
    Port,
    Path,
    Query,
    Fragment,
}

impl BufferSelector {
    /// The whole buffer, without sub-options.
    pub const fn whole(id: BufferId) -> BufferSelector {
        BufferSelector {
            id,
            part: BufferPart::Whole,
            request: false,
        }
    }
}

/// A number that a rule can ask of a message (`http_num_headers`, …).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageNumber {
    /// Header lines; a folded one counts once.
    Headers,
    /// Cookies of all `Cookie` lines, or `Set-Cookie` lines.
    Cookies,
    /// Trailer lines.
    Trailers,
    /// Bytes of the longest header line, without its line end.
    HeaderLine,
    /// The same of trailers.
    TrailerLine,
}

/// The buffers of one inspection unit.
///
/// `PktData` and `RawData` are held by the unit itself. A buffer that the unit does not
/// have is `None`: every option on it fails, negated ones too.
pub trait BufferSource {
    /// The bytes of a visible buffer. Buffers of an earlier section of the same message
    /// (the URI while the body is examined) stay visible.
    fn buffer(&self, selector: &BufferSelector) -> Option<&[u8]>;

    /// The value of a header or trailer field, also an empty one.
    fn field(&self, selector: &BufferSelector) -> Option<&[u8]> {
        self.buffer(selector)
    }

    /// A number of the message, or of its request while the response is examined; `None`
    /// if the unit is of no message that has one.
    fn number(&self, _number: MessageNumber, _request: bool) -> Option<usize> {
        None
    }

    /// What is odd about the message that begins with this unit. Asked for only where rules
    /// want to know.
    fn oddities(&self) -> EventSet {
        EventSet::EMPTY
    }

    /// What the file is that `file_data` holds a part of, by its first bytes.
    fn file_types(&self) -> FileTypes {
        FileTypes::default()
    }

    /// The first line of a message of SIP; `None` if the unit is none.
    fn sip(&self) -> Option<SipStart<'_>> {
        None
    }

    /// What is known of the request or response of DCE/RPC in the unit; `None` if there is none.
    fn dce(&self) -> Option<DceFacts<'_>> {
        None
    }

    /// What is known of a connection by SSL or TLS; `None` if the unit is of none.
    fn ssl(&self) -> Option<SslFacts> {
        None
    }

    /// Calls `scan` for each buffer that is new with this unit, once: those are searched
    /// for fast patterns.
    fn fresh<'a>(&'a self, scan: &mut dyn FnMut(BufferId, &'a [u8]));
}

/// The buffers of a unit without an inspector: none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBuffers;

impl BufferSource for NoBuffers {
    fn buffer(&self, _selector: &BufferSelector) -> Option<&[u8]> {
        None
    }

    fn fresh<'a>(&'a self, _scan: &mut dyn FnMut(BufferId, &'a [u8])) {}
}
