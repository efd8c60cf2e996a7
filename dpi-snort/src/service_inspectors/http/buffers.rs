//! The buffers of one HTTP section, as rules name them.

use std::cell::OnceCell;

use crate::{
    buffers::{BufferId, BufferPart, BufferSelector, BufferSource, MessageNumber},
    builtin::EventSet,
    file_types::FileTypes,
};

use super::{
    body::Section,
    header::Headers,
    message::{Request, Response},
    oddities,
    params::Params,
    uri::{self, Substitute},
};

/// One section of a message, with what its earlier sections, and for a response its
/// request, leave visible.
#[derive(Debug)]
pub(in crate::service_inspectors) struct Unit<'a> {
    /// The request, or the one that a response answers, if it was seen.
    request: Option<&'a Request>,
    /// On a response.
    response: Option<&'a Response>,
    what: What<'a>,
    /// `http_client_body`: the body with its escapes undone, if it has any.
    unescaped: OnceCell<Option<Vec<u8>>>,
    form: OnceCell<Params>,
    /// What the file is that begins here.
    begins: OnceCell<FileTypes>,
}

/// Which section.
#[derive(Clone, Copy, Debug)]
pub(in crate::service_inspectors) enum What<'a> {
    Head,
    Body(Section<'a>),
    Trailers(&'a Headers),
}

impl<'a> Unit<'a> {
    pub(in crate::service_inspectors) fn of_request(
        request: &'a Request,
        what: What<'a>,
    ) -> Unit<'a> {
        Unit {
            request: Some(request),
            response: None,
            what,
            unescaped: OnceCell::new(),
            form: OnceCell::new(),
            begins: OnceCell::new(),
        }
    }

    pub(in crate::service_inspectors) fn of_response(
        request: Option<&'a Request>,
        response: &'a Response,
        what: What<'a>,
    ) -> Unit<'a> {
        Unit {
            request,
            response: Some(response),
            what,
            unescaped: OnceCell::new(),
            form: OnceCell::new(),
            begins: OnceCell::new(),
        }
    }

    /// A section of what one direction carries: of `request`, or of `response`, the answer to
    /// `answered`; `None` if that message was not seen.
    pub(in crate::service_inspectors) fn of(
        to_server: bool,
        request: Option<&'a Request>,
        answered: Option<&'a Request>,
        response: Option<&'a Response>,
        what: What<'a>,
    ) -> Option<Unit<'a>> {
        if to_server {
            Some(Unit::of_request(request?, what))
        } else {
            Some(Unit::of_response(answered, response?, what))
        }
    }

    /// Headers of the message, or of the request when a rule says so.
    fn headers(&self, of_request: bool) -> Option<&'a Headers> {
        match self.response {
            Some(response) if !of_request => Some(&response.headers),
            _ => self.request.map(|request| &request.headers),
        }
    }

    fn body(&self) -> Option<Section<'a>> {
        match self.what {
            What::Body(section) => Some(section),
            _ => None,
        }
    }

    /// Body bytes of a request.
    fn request_body(&self) -> Option<&'a [u8]> {
        self.response
            .is_none()
            .then(|| self.body())?
            .map(|section| section.body)
    }

    /// The same with percent escapes undone, whatever the type of the body.
    fn client_body(&self) -> Option<&[u8]> {
        let body = self.request_body()?;
        let unescaped = self.unescaped.get_or_init(|| {
            body.contains(&b'%')
                .then(|| uri::decode(body, Substitute::No))
        });
        Some(unescaped.as_deref().unwrap_or(body))
    }

    fn file_data(&self) -> Option<&'a [u8]> {
        self.body()
            .map(|section| section.file_data.unwrap_or(section.body))
    }

    fn trailers(&self) -> Option<&'a Headers> {
        match self.what {
            What::Trailers(trailers) => Some(trailers),
            _ => None,
        }
    }

    fn version(&self, of_request: bool) -> Option<&'a [u8]> {
        match self.response {
            Some(response) if !of_request => Some(response.version()),
            _ => self.request?.version(),
        }
    }

    /// A parameter of the query, or of the part of a form in this section.
    fn param(&self, name: &[u8], nocase: bool) -> Option<&[u8]> {
        let request = self.request?;
        if let Some(value) = request.query().get(name, nocase) {
            return Some(value);
        }
        let body = self.request_body().filter(|_| request.is_form())?;
        self.form
            .get_or_init(|| Params::new(body))
            .get(name, nocase)
    }
}

impl BufferSource for Unit<'_> {
    fn buffer(&self, selector: &BufferSelector) -> Option<&[u8]> {
        self.field(selector).filter(|bytes| !bytes.is_empty())
    }

    fn field(&self, selector: &BufferSelector) -> Option<&[u8]> {
        let of_request = selector.request;
        match (selector.id, &selector.part) {
            (BufferId::HttpHeader, BufferPart::Field(name)) => {
                self.headers(of_request)?.field(name)
            }
            (BufferId::HttpRawHeader, BufferPart::Field(name)) => {
                self.headers(of_request)?.raw_field(name)
            }
            (BufferId::HttpTrailer, BufferPart::Field(name)) => self.trailers()?.field(name),
            (BufferId::HttpRawTrailer, BufferPart::Field(name)) => self.trailers()?.raw_field(name),
            (BufferId::HttpUri, BufferPart::Uri(part)) => self.request?.uri.part(*part),
            (BufferId::HttpRawUri, BufferPart::Uri(part)) => self.request?.uri.raw_part(*part),
            (BufferId::HttpParam, BufferPart::Param(name, nocase)) => {
                self.param(name.as_bytes(), *nocase)
            }
            (_, BufferPart::Whole) => self.whole(selector.id, of_request),
            _ => None,
        }
    }

    fn number(&self, number: MessageNumber, request: bool) -> Option<usize> {
        Some(match number {
            MessageNumber::Headers => self.headers(request)?.count(),
            MessageNumber::Cookies => self.headers(request)?.cookies(),
            MessageNumber::HeaderLine => self.headers(request)?.longest(),
            MessageNumber::Trailers => self.trailers()?.count(),
            MessageNumber::TrailerLine => self.trailers()?.longest(),
        })
    }

    fn oddities(&self) -> EventSet {
        match (self.what, self.response, self.request) {
            (What::Head, Some(response), request) => oddities::of_response(response, request),
            (What::Head, None, Some(request)) => oddities::of_request(request),
            _ => EventSet::EMPTY,
        }
    }

    fn file_types(&self) -> FileTypes {
        self.body().map_or_else(FileTypes::default, |section| {
            let data = section.file_data.unwrap_or(section.body);
            let begins = || *self.begins.get_or_init(|| section.definitions.of(data));
            section.file.unwrap_or_else(begins)
        })
    }

    fn fresh<'a>(&'a self, scan: &mut dyn FnMut(BufferId, &'a [u8])) {
        let ids: &[BufferId] = match (self.what, self.response) {
            (What::Head, None) => &[
                BufferId::HttpMethod,
                BufferId::HttpUri,
                BufferId::HttpRawUri,
                BufferId::HttpHeader,
                BufferId::HttpRawHeader,
                BufferId::HttpCookie,
                BufferId::HttpRawCookie,
                BufferId::HttpVersion,
                BufferId::HttpRawRequest,
                BufferId::HttpTrueIp,
            ],
            (What::Head, Some(_)) => &[
                BufferId::HttpStatCode,
                BufferId::HttpStatMsg,
                BufferId::HttpHeader,
                BufferId::HttpRawHeader,
                BufferId::HttpCookie,
                BufferId::HttpRawCookie,
                BufferId::HttpVersion,
                BufferId::HttpRawStatus,
            ],
            (What::Body(section), _) if section.repeated => &[BufferId::FileData],
            (What::Body(_), None) => &[
                BufferId::HttpClientBody,
                BufferId::HttpRawBody,
                BufferId::FileData,
            ],
            (What::Body(_), Some(_)) => &[BufferId::HttpRawBody, BufferId::FileData],
            (What::Trailers(_), _) => &[BufferId::HttpTrailer, BufferId::HttpRawTrailer],
        };
        for id in ids {
            if let Some(bytes) = self.whole(*id, false).filter(|bytes| !bytes.is_empty()) {
                scan(*id, bytes);
            }
        }
    }
}

impl Unit<'_> {
    fn whole(&self, id: BufferId, of_request: bool) -> Option<&[u8]> {
        match id {
            BufferId::FileData => self.file_data(),
            BufferId::HttpUri => Some(self.request?.uri.normal()),
            BufferId::HttpRawUri => Some(self.request?.uri.raw()),
            BufferId::HttpHeader => Some(self.headers(of_request)?.normal()),
            BufferId::HttpRawHeader => Some(self.headers(of_request)?.raw()),
            BufferId::HttpCookie => self.headers(of_request)?.cookie(),
            BufferId::HttpRawCookie => self.headers(of_request)?.raw_cookie(),
            BufferId::HttpMethod => Some(self.request?.method()),
            BufferId::HttpVersion => self.version(of_request),
            BufferId::HttpStatCode => Some(self.response?.code()),
            BufferId::HttpStatMsg => Some(self.response?.message()),
            BufferId::HttpClientBody => self.client_body(),
            BufferId::HttpRawBody => self.body().map(|section| section.body),
            BufferId::HttpRawRequest => Some(self.request?.line()),
            BufferId::HttpRawStatus => Some(self.response?.line()),
            BufferId::HttpTrueIp => self.request?.true_ip(),
            BufferId::HttpTrailer => Some(self.trailers()?.normal()),
            BufferId::HttpRawTrailer => Some(self.trailers()?.raw()),
            BufferId::PktData
            | BufferId::RawData
            | BufferId::DceStubData
            | BufferId::HttpParam
            | BufferId::SipBody
            | BufferId::SipHeader => None,
        }
    }
}
