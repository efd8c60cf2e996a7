//! One message: its start line, its header and its body.

use crate::buffers::{BufferId, BufferPart, BufferSelector, BufferSource};

/// A message that begins as one of SIP.
#[derive(Clone, Copy, Debug)]
pub struct SipMessage<'a> {
    start: SipStart<'a>,
    /// From the start line to the empty line, with it.
    header: &'a [u8],
    /// What follows; there may be nothing.
    body: &'a [u8],
}

/// The first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SipStart<'a> {
    /// The method of a request.
    Request(&'a [u8]),
    /// The status code of a response.
    Response(u16),
}

impl<'a> SipMessage<'a> {
    /// Reads a message, whose body may be cut short, and its header, too; `None` if the first
    /// line is not one of SIP.
    pub fn of(bytes: &'a [u8]) -> Option<SipMessage<'a>> {
        let line = bytes.split(|byte| *byte == b'\n').next()?;
        let start = start_line(line.strip_suffix(b"\r").unwrap_or(line))?;
        let (header, body) = bytes.split_at_checked(header_length(bytes))?;
        Some(SipMessage {
            start,
            header,
            body,
        })
    }

    /// What the first line says.
    pub fn start(&self) -> SipStart<'a> {
        self.start
    }

    /// The value of Content-Length, or `l` (RFC 3261 §20.14); `None` if there is none that can
    /// be read.
    pub(super) fn content_length(&self) -> Option<u64> {
        let mut lines = self.header.split(|byte| *byte == b'\n').skip(1);
        lines.find_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at_checked(colon)?;
            let name = name.trim_ascii();
            let is_length =
                name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l");
            let value = value.get(1..).filter(|_| is_length)?;
            std::str::from_utf8(value.trim_ascii()).ok()?.parse().ok()
        })
    }
}

impl BufferSource for SipMessage<'_> {
    fn buffer(&self, selector: &BufferSelector) -> Option<&[u8]> {
        if selector.part != BufferPart::Whole {
            return None;
        }
        match selector.id {
            BufferId::SipHeader => Some(self.header),
            BufferId::SipBody => Some(self.body).filter(|body| !body.is_empty()),
            _ => None,
        }
    }

    fn sip(&self) -> Option<SipStart<'_>> {
        Some(self.start)
    }

    fn fresh<'b>(&'b self, scan: &mut dyn FnMut(BufferId, &'b [u8])) {
        scan(BufferId::SipHeader, self.header);
        if !self.body.is_empty() {
            scan(BufferId::SipBody, self.body);
        }
    }
}

/// Whether the bytes end with the empty line behind a header.
pub(super) fn ends_header(bytes: &[u8]) -> bool {
    let line = bytes.strip_suffix(b"\n").unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line).ends_with(b"\n")
}

/// Bytes up to the empty line, with it; all if there is none.
fn header_length(bytes: &[u8]) -> usize {
    let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let end = ends.find_map(|(at, _)| {
        let length = at.saturating_add(1);
        ends_header(bytes.get(..length)?).then_some(length)
    });
    end.unwrap_or(bytes.len())
}

/// `METHOD SP Request-URI SP SIP/2.0`, or `SIP/2.0 SP code SP reason` (RFC 3261 §7.1 and §7.2).
fn start_line(line: &[u8]) -> Option<SipStart<'_>> {
    if let Some(rest) = line.strip_prefix(b"SIP/2.0 ") {
        let (code, reason) = rest.split_at_checked(3)?;
        let is_code = code.iter().all(u8::is_ascii_digit) && matches!(reason, [] | [b' ', ..]);
        let code = std::str::from_utf8(code).ok().filter(|_| is_code)?;
        return Some(SipStart::Response(code.parse().ok()?));
    }
    let space = line.iter().position(|byte| *byte == b' ')?;
    let (method, rest) = line.split_at_checked(space)?;
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(byte);
    let is_request = !method.is_empty() && method.iter().all(is_token);
    let is_sip = rest.trim_ascii_end().ends_with(b" SIP/2.0");
    (is_request && is_sip).then_some(SipStart::Request(method))
}
