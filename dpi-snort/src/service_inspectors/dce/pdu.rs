//! One PDU of DCE/RPC over a connection (C706 §12.6, [MS-RPCE] 2.2.2).

use super::{
    facts::Interface,
    fields::{ByteOrder, Fields},
};

/// The header that all PDUs begin with (C706 §12.6.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    kind: u8,
    flags: u8,
    pub(super) order: ByteOrder,
    /// Bytes of the PDU, this header included.
    pub(super) length: usize,
    auth_length: usize,
    pub(super) call: u32,
}

/// What the rest of a PDU is.
pub(super) enum Body<'a> {
    /// A bind, or an `alter_context`: contexts are proposed.
    Proposal(Fields<'a>),
    /// Its answer: some are accepted.
    Results(Fields<'a>),
    /// None is.
    Refusal,
    Request {
        opnum: u16,
        spoken: Stub<'a>,
    },
    Response(Stub<'a>),
    /// The call ends without parameters: a fault, or orphaned by its client.
    End,
    Other,
}

/// The parameters of a call, or its results.
#[derive(Clone, Copy)]
pub(super) struct Stub<'a> {
    /// The context that they belong to.
    pub(super) context: u16,
    /// Where in the PDU they begin.
    pub(super) at: usize,
    pub(super) bytes: &'a [u8],
}

/// Types of PDUs (C706 §12.6.3.1, `PTYPE`).
const REQUEST: u8 = 0;
const RESPONSE: u8 = 2;
const FAULT: u8 = 3;
const BIND: u8 = 11;
const BIND_ACK: u8 = 12;
const BIND_NAK: u8 = 13;
const ALTER_CONTEXT: u8 = 14;
const ALTER_CONTEXT_RESP: u8 = 15;
const ORPHANED: u8 = 19;

/// Flags of PDUs (C706 §12.6.3.1, `pfc_flags`).
const FIRST_FRAG: u8 = 0x01;
const LAST_FRAG: u8 = 0x02;
const OBJECT_UUID: u8 = 0x80;

/// Bytes of `sec_trailer` in front of the credentials ([MS-RPCE] 2.2.2.11).
const SEC_TRAILER: usize = 8;

impl Header {
    /// Its bytes.
    pub(super) const LENGTH: usize = 16;

    /// Reads a header; `None` if there are fewer bytes than it has.
    pub(super) fn of(bytes: &[u8]) -> Option<Result<Header, &'static str>> {
        let label = *bytes.get(4)?;
        let order = ByteOrder::of_label(label);
        let fields = Fields { bytes, order };
        let header = Header {
            kind: fields.u8(2)?,
            flags: fields.u8(3)?,
            order,
            length: fields.u16(8)?.into(),
            auth_length: fields.u16(10)?.into(),
            call: fields.u32(12)?,
        };
        Some(match bytes {
            [5, 0 | 1, ..] if header.kind > ORPHANED => Err("dce_type"),
            [5, 0 | 1, ..] if header.length < Header::LENGTH => Err("dce_length"),
            [5, 0 | 1, ..] => Ok(header),
            _ => Err("dce_version"),
        })
    }

    pub(super) fn is_first(self) -> bool {
        self.flags & FIRST_FRAG != 0
    }

    pub(super) fn is_request(self) -> bool {
        self.kind == REQUEST
    }

    pub(super) fn is_last(self) -> bool {
        self.flags & LAST_FRAG != 0
    }

    /// Reads the rest; `bytes` is the whole PDU.
    pub(super) fn body<'a>(&self, bytes: &'a [u8]) -> Body<'a> {
        let fields = Fields {
            bytes,
            order: self.order,
        };
        match self.kind {
            BIND | ALTER_CONTEXT => Body::Proposal(fields),
            BIND_ACK | ALTER_CONTEXT_RESP => Body::Results(fields),
            BIND_NAK => Body::Refusal,
            REQUEST => self.request(fields).unwrap_or(Body::Other),
            RESPONSE => self.spoken(fields, 24).map_or(Body::Other, Body::Response),
            FAULT | ORPHANED => Body::End,
            _ => Body::Other,
        }
    }

    /// C706 §12.6.4.9.
    fn request<'a>(&self, fields: Fields<'a>) -> Option<Body<'a>> {
        let at = if self.flags & OBJECT_UUID == 0 {
            24
        } else {
            40
        };
        Some(Body::Request {
            opnum: fields.u16(22)?,
            spoken: self.spoken(fields, at)?,
        })
    }

    /// What both have: the context, and the stub from `at` on (C706 §12.6.4.10).
    fn spoken<'a>(&self, fields: Fields<'a>, at: usize) -> Option<Stub<'a>> {
        Some(Stub {
            context: fields.u16(20)?,
            at,
            bytes: self.stub(fields, at)?,
        })
    }

    /// What stands from `at` to the authentication, whose length is said in the header and
    /// whose padding in front in itself ([MS-RPCE] 2.2.2.11).
    fn stub<'a>(&self, fields: Fields<'a>, at: usize) -> Option<&'a [u8]> {
        let rest = fields.bytes.get(at..)?;
        if self.auth_length == 0 {
            return Some(rest);
        }
        let trailer = self.auth_length.saturating_add(SEC_TRAILER);
        let Some(end) = rest.len().checked_sub(trailer) else {
            return Some(rest);
        };
        let padding = rest.get(end.saturating_add(2)).copied().unwrap_or(0);
        rest.get(..end.saturating_sub(padding.into()))
    }
}

/// The contexts that a bind or an `alter_context` proposes (C706 §12.6.4.3), as far as they can
/// be read.
pub(super) fn proposed(pdu: Fields<'_>) -> impl Iterator<Item = (u16, Interface)> {
    let mut at = 28;
    let count = pdu.u8(24).unwrap_or(0);
    (0..count).map_while(move |_| {
        let element = pdu.from(at);
        let transfer_syntaxes = usize::from(element.u8(2)?);
        let length = transfer_syntaxes.saturating_mul(20).saturating_add(24);
        at = at.saturating_add(length);
        Some((element.u16(0)?, Interface::read(element, 4)?))
    })
}

/// Whether each of the contexts that were proposed is accepted (C706 §12.6.4.4), in their
/// order. The list stands behind the secondary address, at a multiple of four.
pub(super) fn results(pdu: Fields<'_>) -> impl Iterator<Item = bool> {
    let address = usize::from(pdu.u16(24).unwrap_or(0));
    let list = address.saturating_add(26).next_multiple_of(4);
    let count = usize::from(pdu.u8(list).unwrap_or(0));
    (0..count).map_while(move |index| {
        let at = index.saturating_mul(24).saturating_add(list);
        Some(pdu.u16(at.saturating_add(4))? == 0)
    })
}
