//! PDUs for tests.

use super::ByteOrder::{self, Big, Little};

pub(in crate::service_inspectors) const FIRST: u8 = 1;
pub(in crate::service_inspectors) const LAST: u8 = 2;
pub(in crate::service_inspectors) const WHOLE: u8 = FIRST | LAST;
pub(in crate::service_inspectors) const OBJECT: u8 = 0x80;

pub(in crate::service_inspectors) fn two(order: ByteOrder, value: u16) -> [u8; 2] {
    match order {
        Big => value.to_be_bytes(),
        Little => value.to_le_bytes(),
    }
}

pub(in crate::service_inspectors) fn four(order: ByteOrder, value: u32) -> [u8; 4] {
    match order {
        Big => value.to_be_bytes(),
        Little => value.to_le_bytes(),
    }
}

/// A PDU with its header; `auth` stands at its end.
pub(in crate::service_inspectors) fn pdu(
    order: ByteOrder,
    (kind, flags, call): (u8, u8, u32),
    body: &[u8],
    auth_length: u16,
) -> Vec<u8> {
    let label = if order == Little { 0x10 } else { 0 };
    let length = u16::try_from(body.len() + 16).unwrap();
    [
        &[5, 0, kind, flags, label, 0, 0, 0][..],
        &two(order, length),
        &two(order, auth_length),
        &four(order, call),
        body,
    ]
    .concat()
}

/// The interface of a version: `00000001-0002-0003-0405-060708090aNN`.
pub(in crate::service_inspectors) fn syntax(order: ByteOrder, version: u16) -> Vec<u8> {
    let tail = [4, 5, 6, 7, 8, 9, 10, version.to_be_bytes()[1]];
    [
        &four(order, 1)[..],
        &two(order, 2),
        &two(order, 3),
        &tail,
        &four(order, version.into()),
    ]
    .concat()
}

/// A bind (11) or an `alter_context` (14): ids of contexts and the versions they ask for.
pub(in crate::service_inspectors) fn propose(
    order: ByteOrder,
    kind: u8,
    contexts: &[(u16, u16)],
) -> Vec<u8> {
    let count = u8::try_from(contexts.len()).unwrap();
    let mut body = vec![0; 8];
    body.extend([count, 0, 0, 0]);
    for (id, version) in contexts {
        body.extend(two(order, *id));
        body.extend([1, 0]);
        body.extend(syntax(order, *version));
        body.extend([0xEE; 20]);
    }
    pdu(order, (kind, WHOLE, 1), &body, 0)
}

/// The answer (12 or 15), with a secondary address.
pub(in crate::service_inspectors) fn answer(kind: u8, address: &[u8], results: &[u16]) -> Vec<u8> {
    let mut body = vec![0; 8];
    body.extend(two(Little, u16::try_from(address.len()).unwrap()));
    body.extend(address);
    body.resize((body.len() + 16).next_multiple_of(4) - 16, 0);
    body.extend([u8::try_from(results.len()).unwrap(), 0, 0, 0]);
    for result in results {
        body.extend(two(Little, *result));
        body.extend([0; 22]);
    }
    pdu(Little, (kind, WHOLE, 1), &body, 0)
}

pub(in crate::service_inspectors) fn request(
    (flags, call): (u8, u32),
    (context, opnum): (u16, u16),
    stub: &[u8],
) -> Vec<u8> {
    in_order(Little, (flags, call), (context, opnum), stub)
}

pub(in crate::service_inspectors) fn in_order(
    order: ByteOrder,
    (flags, call): (u8, u32),
    (context, opnum): (u16, u16),
    stub: &[u8],
) -> Vec<u8> {
    let numbers = [two(order, context), two(order, opnum)].concat();
    let object: &[u8] = if flags & OBJECT == 0 {
        &[]
    } else {
        &[0xDD; 16]
    };
    let body = [&[0; 4], &numbers[..], object, stub].concat();
    pdu(order, (0, flags, call), &body, 0)
}

pub(in crate::service_inspectors) fn response(
    (flags, call): (u8, u32),
    context: u16,
    stub: &[u8],
) -> Vec<u8> {
    let body = [&[0; 4], &two(Little, context)[..], &[0, 0], stub].concat();
    pdu(Little, (2, flags, call), &body, 0)
}
