//! Options that choose the buffer for those behind them: `pkt_data`, `http_uri`, …

use super::{IpsOption, OptionError};
use crate::{
    buffers::{BufferId, BufferPart, BufferSelector, UriPart},
    parser::lexer::{Arg, RawOption},
};

/// Goes to the start of a buffer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BufferOption {
    /// The buffer and which part of it.
    pub selector: BufferSelector,
}

/// What may stand behind a buffer's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Takes {
    Nothing,
    /// `request`, and the deprecated `with_header`, `with_body`, `with_trailer`.
    Request,
    /// The deprecated words alone; of responses without `with_header`, since a status line
    /// is never without its header.
    With,
    WithOfResponse,
    /// The same and `field`.
    Field,
    /// Parts of a URI.
    Uri,
    /// A parameter's name.
    Param,
}

/// Option names, buffers, arguments and whether the buffer is one of HTTP messages only.
const BUFFERS: [(&str, BufferId, Takes); 24] = [
    ("pkt_data", BufferId::PktData, Takes::Nothing),
    ("raw_data", BufferId::RawData, Takes::Nothing),
    ("file_data", BufferId::FileData, Takes::Nothing),
    ("dce_stub_data", BufferId::DceStubData, Takes::Nothing),
    ("http_uri", BufferId::HttpUri, Takes::Uri),
    ("http_raw_uri", BufferId::HttpRawUri, Takes::Uri),
    ("http_header", BufferId::HttpHeader, Takes::Field),
    ("http_raw_header", BufferId::HttpRawHeader, Takes::Field),
    ("http_cookie", BufferId::HttpCookie, Takes::Request),
    ("http_raw_cookie", BufferId::HttpRawCookie, Takes::Request),
    ("http_method", BufferId::HttpMethod, Takes::With),
    ("http_version", BufferId::HttpVersion, Takes::Request),
    (
        "http_stat_code",
        BufferId::HttpStatCode,
        Takes::WithOfResponse,
    ),
    (
        "http_stat_msg",
        BufferId::HttpStatMsg,
        Takes::WithOfResponse,
    ),
    ("http_client_body", BufferId::HttpClientBody, Takes::Nothing),
    ("http_raw_body", BufferId::HttpRawBody, Takes::Nothing),
    ("http_raw_request", BufferId::HttpRawRequest, Takes::With),
    (
        "http_raw_status",
        BufferId::HttpRawStatus,
        Takes::WithOfResponse,
    ),
    ("http_true_ip", BufferId::HttpTrueIp, Takes::With),
    ("http_param", BufferId::HttpParam, Takes::Param),
    ("http_trailer", BufferId::HttpTrailer, Takes::Field),
    ("http_raw_trailer", BufferId::HttpRawTrailer, Takes::Field),
    ("sip_body", BufferId::SipBody, Takes::Nothing),
    ("sip_header", BufferId::SipHeader, Takes::Nothing),
];

/// Services whose inspectors make `file_data`.
const FILE_SERVICES: [&str; 7] = [
    "ftp-data",
    "http",
    "http2",
    "imap",
    "netbios-ssn",
    "pop3",
    "smtp",
];

/// Whether an option of this name chooses a buffer.
pub(super) fn is_buffer(name: &str) -> bool {
    BUFFERS.iter().any(|(known, _, _)| *known == name)
}

impl BufferOption {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<BufferOption, OptionError> {
        let (_, id, takes) = BUFFERS
            .iter()
            .find(|(name, _, _)| *name == raw.name)
            .ok_or(OptionError::Unknown)?;
        let mut selector = BufferSelector::whole(*id);
        if *takes == Takes::Param {
            selector.part = param(raw)?;
            return Ok(BufferOption { selector });
        }
        for arg in &raw.args {
            selector.take(arg, *takes)?;
        }
        Ok(BufferOption { selector })
    }
}

impl BufferSelector {
    fn is_trailer(&self) -> bool {
        matches!(self.id, BufferId::HttpTrailer | BufferId::HttpRawTrailer)
    }

    fn take(&mut self, arg: &Arg<'_>, takes: Takes) -> Result<(), OptionError> {
        let name = arg.name();
        if name == "field" && takes == Takes::Field {
            self.part = field(arg)?;
            return Ok(());
        }
        arg.no_value()?;
        if let Some(part) = uri_part(name).filter(|_| takes == Takes::Uri) {
            if self.part != BufferPart::Whole {
                return Err(OptionError::Conflict {
                    a: "one part of the URI",
                    b: "another",
                });
            }
            self.part = BufferPart::Uri(part);
            return Ok(());
        }
        match name {
            "request" if matches!(takes, Takes::Request | Takes::Field) => self.request = true,
            "with_header" if takes == Takes::WithOfResponse => return Err(arg.unknown()),
            "with_trailer" if self.is_trailer() => return Err(arg.unknown()),
            "with_header" | "with_body" | "with_trailer" if takes != Takes::Nothing => {}
            _ => return Err(arg.unknown()),
        }
        Ok(())
    }
}

/// `field NAME`.
pub(super) fn field(arg: &Arg<'_>) -> Result<BufferPart, OptionError> {
    let field = arg.required("field")?;
    if arg.value.is_some_and(|v| v.quoted) || !is_field_name(field) {
        return Err(OptionError::HeaderField {
            found: field.into(),
        });
    }
    Ok(BufferPart::Field(field.to_ascii_lowercase().into()))
}

/// Whether a word can be a header field's name (a token of RFC 9110 §5.6.2).
fn is_field_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn uri_part(name: &str) -> Option<UriPart> {
    Some(match name {
        "scheme" => UriPart::Scheme,
        "host" => UriPart::Host,
        "port" => UriPart::Port,
        "path" => UriPart::Path,
        "query" => UriPart::Query,
        "fragment" => UriPart::Fragment,
        _ => return None,
    })
}

fn param(raw: &RawOption<'_>) -> Result<BufferPart, OptionError> {
    let missing = OptionError::Missing {
        argument: "name of the parameter",
    };
    let (first, modifiers) = raw.args.split_first().ok_or(missing.clone())?;
    if !first.word.quoted {
        return Err(OptionError::ByteCode { at: 1 });
    }
    let name = super::hex::byte_code(first.word.bytes)?;
    if name.is_empty() {
        return Err(missing);
    }
    let mut nocase = false;
    for modifier in modifiers {
        match modifier.name() {
            "nocase" => nocase = true,
            _ => return Err(modifier.unknown()),
        }
        modifier.no_value()?;
    }
    Ok(BufferPart::Param(
        String::from_utf8_lossy(&name).into(),
        nocase,
    ))
}

fn selectors(options: &[IpsOption]) -> impl Iterator<Item = &BufferSelector> {
    options.iter().filter_map(|option| match option {
        IpsOption::Buffer(buffer) => Some(&buffer.selector),
        _ => None,
    })
}

/// Refuses rules on body and trailer together: no section has both.
pub(super) fn check(options: &[IpsOption]) -> Result<(), OptionError> {
    let uses = |wanted: &[BufferId]| selectors(options).any(|s| wanted.contains(&s.id));
    if uses(&[BufferId::HttpTrailer, BufferId::HttpRawTrailer])
        && uses(&[BufferId::HttpClientBody, BufferId::HttpRawBody])
    {
        return Err(OptionError::BodyAndTrailer);
    }
    Ok(())
}

/// Services that the options imply: all of HTTP's, or those with files.
pub(super) fn implied_services(options: &[IpsOption]) -> Vec<&'static str> {
    let asks_message = options.iter().any(|option| {
        matches!(
            option,
            IpsOption::HttpFieldTest(_) | IpsOption::HttpNumber(_) | IpsOption::HttpVersionMatch(_)
        )
    });
    if asks_message || selectors(options).any(|s| is_http(s.id)) {
        return vec!["http", "http2", "http3"];
    }
    if selectors(options).any(|s| s.id == BufferId::FileData) {
        return FILE_SERVICES.to_vec();
    }
    Vec::new()
}

/// The option that chooses the buffer.
pub(crate) fn name(id: BufferId) -> &'static str {
    let row = BUFFERS.iter().find(|(_, known, _)| *known == id);
    row.map_or("", |(name, _, _)| name)
}

/// Whether only HTTP messages have the buffer.
pub(crate) fn is_http(id: BufferId) -> bool {
    !matches!(
        id,
        BufferId::PktData
            | BufferId::RawData
            | BufferId::FileData
            | BufferId::DceStubData
            | BufferId::SipBody
            | BufferId::SipHeader
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{options, refused};
    use super::*;

    /// What an option of this text selects.
    fn selected(text: &str) -> BufferSelector {
        match options(text).remove(0) {
            IpsOption::Buffer(buffer) => buffer.selector,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn selectors() {
        use BufferId as B;
        let field = |name: &str| BufferPart::Field(name.into());
        for (text, id, part, request) in [
            ("pkt_data", B::PktData, BufferPart::Whole, false),
            ("raw_data", B::RawData, BufferPart::Whole, false),
            ("file_data", B::FileData, BufferPart::Whole, false),
            ("dce_stub_data", B::DceStubData, BufferPart::Whole, false),
            ("http_uri", B::HttpUri, BufferPart::Whole, false),
            (
                "http_uri:path",
                B::HttpUri,
                BufferPart::Uri(UriPart::Path),
                false,
            ),
            (
                "http_uri:query",
                B::HttpUri,
                BufferPart::Uri(UriPart::Query),
                false,
            ),
            (
                "http_raw_uri:host,with_body",
                B::HttpRawUri,
                BufferPart::Uri(UriPart::Host),
                false,
            ),
            (
                "http_header:field User-Agent",
                B::HttpHeader,
                field("user-agent"),
                false,
            ),
            (
                "http_header:field x,request",
                B::HttpHeader,
                field("x"),
                true,
            ),
            (
                "http_raw_header:request",
                B::HttpRawHeader,
                BufferPart::Whole,
                true,
            ),
            (
                "http_cookie:request",
                B::HttpCookie,
                BufferPart::Whole,
                true,
            ),
            (
                "http_method:with_body",
                B::HttpMethod,
                BufferPart::Whole,
                false,
            ),
            ("http_trailer:field x", B::HttpTrailer, field("x"), false),
            (
                r#"http_param:"a|41|""#,
                B::HttpParam,
                BufferPart::Param("aA".into(), false),
                false,
            ),
            (
                r#"http_param:"a",nocase"#,
                B::HttpParam,
                BufferPart::Param("a".into(), true),
                false,
            ),
        ] {
            assert_eq!(
                selected(text),
                BufferSelector { id, part, request },
                "{text}"
            );
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("pkt_data:1", r#"unknown argument "1""#),
            ("file_data:request", r#"unknown argument "request""#),
            ("dce_stub_data:x", r#"unknown argument "x""#),
            ("http_uri:pat", r#"unknown argument "pat""#),
            ("http_uri:request", r#"unknown argument "request""#),
            (
                "http_uri:path,query",
                "one part of the URI cannot stand with another",
            ),
            ("http_header:field", "field needs a value"),
            (
                r#"http_header:field "a b""#,
                r#"no such header field: "a b""#,
            ),
            ("http_header:field a/b", r#"no such header field: "a/b""#),
            ("http_header:path", r#"unknown argument "path""#),
            ("http_cookie:field a", r#"unknown argument "field a""#),
            ("http_method:request", r#"unknown argument "request""#),
            (
                "http_client_body:with_header",
                r#"unknown argument "with_header""#,
            ),
            (
                "http_stat_code:with_header",
                r#"unknown argument "with_header""#,
            ),
            (
                "http_trailer:with_trailer",
                r#"unknown argument "with_trailer""#,
            ),
            ("http_param", "missing argument: name of the parameter"),
            ("http_param:a", "bad byte code at 1"),
            (
                r#"http_param:"""#,
                "missing argument: name of the parameter",
            ),
            (r#"http_param:"a",case"#, r#"unknown argument "case""#),
            (
                "http_client_body; http_trailer",
                "body and trailer cannot be searched by one rule",
            ),
            (
                "http_raw_trailer; http_raw_body",
                "body and trailer cannot be searched by one rule",
            ),
        ]);
    }

    #[test]
    fn implied() {
        for (text, expected) in [
            ("http_uri", &["http", "http2", "http3"][..]),
            ("file_data; http_stat_code", &["http", "http2", "http3"]),
            ("file_data", &FILE_SERVICES),
            ("pkt_data", &[]),
            ("raw_data; pkt_data", &[]),
            ("http_num_headers:1", &["http", "http2", "http3"]),
            ("http_version_match:1.1", &["http", "http2", "http3"]),
        ] {
            assert_eq!(implied_services(&options(text)), expected, "{text}");
        }
    }
}
