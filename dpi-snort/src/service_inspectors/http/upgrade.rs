//! What a connection becomes that does not stay HTTP/1 (RFC 9110 §7.8).

use std::sync::Arc;

use crate::service_inspectors::{ServiceInspector, http2::Http2, websocket::WebSocket};

use super::message::{Request, Response};

/// The inspector of what comes after the upgrade.
#[derive(Debug)]
pub(super) enum Upgraded {
    Http2(Box<Http2>),
    WebSocket(Box<WebSocket>),
}

impl Upgraded {
    /// By the response that agrees to switch.
    pub(super) fn by_response(
        request: Option<&Arc<Request>>,
        response: &Response,
    ) -> Option<Upgraded> {
        let asked = || request.and_then(|request| request.headers.field("upgrade"));
        let protocol = response.headers.field("upgrade").or_else(asked)?;
        if protocol.eq_ignore_ascii_case(b"h2c") {
            let http2 = Http2::upgraded(request.cloned());
            return Some(Upgraded::Http2(Box::new(http2)));
        }
        if protocol.eq_ignore_ascii_case(b"websocket") {
            let extensions = response.headers.field("sec-websocket-extensions");
            let websocket = WebSocket::new(extensions.unwrap_or_default());
            return Some(Upgraded::WebSocket(Box::new(websocket)));
        }
        None
    }

    /// By what looks like a request and is the beginning of HTTP/2 (RFC 9113 §3.4);
    /// `request` may be the one that asked for it.
    pub(super) fn by_preface(head: &[u8], request: Option<&Arc<Request>>) -> Option<Upgraded> {
        if head != b"PRI * HTTP/2.0\r\n" {
            return None;
        }
        let http2 = Http2::after_preface_head(request.cloned());
        Some(Upgraded::Http2(Box::new(http2)))
    }

    pub(super) fn service(&self) -> &'static str {
        match self {
            Upgraded::Http2(http2) => http2.service(),
            Upgraded::WebSocket(websocket) => websocket.service(),
        }
    }

    pub(super) fn inspector(&mut self) -> &mut dyn ServiceInspector {
        match self {
            Upgraded::Http2(http2) => &mut **http2,
            Upgraded::WebSocket(websocket) => &mut **websocket,
        }
    }

    pub(super) fn memory(&self) -> usize {
        match self {
            Upgraded::Http2(http2) => http2.memory(),
            Upgraded::WebSocket(websocket) => websocket.memory(),
        }
    }
}
