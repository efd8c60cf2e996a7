//! DCE/RPC without connections (C706 §12.5): each packet names its interface and operation.

use super::{
    facts::{DceFacts, Interface},
    fields::{ByteOrder, Fields},
};

/// Bytes of the header (C706 §12.5.1).
const HEADER: usize = 80;
/// Types of packets: request and response.
const REQUEST: u8 = 0;
const RESPONSE: u8 = 2;
/// Flag of a packet that is not all of its request or response.
const FRAGMENT: u8 = 0x04;

/// What rules may ask of a datagram that is a request or a response, or a fragment of one:
/// fragments are not put together.
pub fn facts_of_datagram(bytes: &[u8]) -> Option<DceFacts<'_>> {
    let [4, kind, flags, _, label, ..] = *bytes else {
        return None;
    };
    let order = ByteOrder::of_label(label);
    let fields = Fields { bytes, order };
    let length = usize::from(fields.u16(74)?);
    if !matches!(kind, REQUEST | RESPONSE) {
        return None;
    }
    // Behind the body there may be authentication.
    let body = bytes.get(HEADER..)?;
    Some(DceFacts {
        interface: Some(Interface::read_apart(fields, 24, 60)?),
        opnum: fields.u16(68),
        is_first: flags & FRAGMENT == 0 || fields.u16(76)? == 0,
        order,
        stub: body.get(..length).unwrap_or(body),
    })
}
