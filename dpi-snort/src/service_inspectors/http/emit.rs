//! How messages, and bytes that are of none, are given out.

use crate::{
    buffers::NoBuffers,
    service_inspectors::{Emit, Pdu},
};

use super::{
    body::{Body, Section},
    buffers::{Unit, What},
    header::Headers,
    message::{self, Request, Response},
};

/// Begins the body that a head announces.
pub(in crate::service_inspectors) fn start_body(
    body: &mut Body,
    headers: &Headers,
    of_request: bool,
) {
    let multipart = of_request.then(|| message::multipart(headers)).flatten();
    body.start(
        message::coding(headers),
        message::charset(headers),
        multipart,
    );
}

/// Gives out a section of the body of a request, or of the response to `answered`.
pub(in crate::service_inspectors) fn emit_section(
    to_server: bool,
    request: Option<&Request>,
    answered: Option<&Request>,
    response: Option<&Response>,
    section: Section<'_>,
    emit: Emit<'_>,
) {
    let what = What::Body(section);
    let Some(unit) = Unit::of(to_server, request, answered, response, what) else {
        return;
    };
    // Another part of a form comes without the body, which was searched.
    let payload = if section.repeated { &[] } else { section.body };
    emit(&pdu(to_server, payload, section.body.len(), &unit));
}

pub(in crate::service_inspectors) fn pdu<'a>(
    to_server: bool,
    payload: &'a [u8],
    size: usize,
    unit: &'a Unit<'a>,
) -> Pdu<'a> {
    Pdu {
        to_server,
        payload,
        size: u32::try_from(size).unwrap_or(u32::MAX),
        buffers: unit,
    }
}

/// Gives out bytes that are of no message, so that they are searched at least.
pub(in crate::service_inspectors) fn emit_plain(to_server: bool, data: &[u8], emit: Emit<'_>) {
    if !data.is_empty() {
        emit(&Pdu {
            to_server,
            payload: data,
            size: u32::try_from(data.len()).unwrap_or(u32::MAX),
            buffers: &NoBuffers,
        });
    }
}
