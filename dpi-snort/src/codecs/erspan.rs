//! ERSPAN (draft-foschiano-erspan-03): mirrored Ethernet frames in GRE, types II and III. Type
//! I, which nothing tells from GRE of an unknown kind, is not opened, as in Snort.

use super::{DecodeError, Layer, gre::Gre};

/// `EtherType` of type II in GRE, and, without a sequence number, of type I.
const TYPE_II: u16 = 0x88be;
/// Of type III.
const TYPE_III: u16 = 0x22eb;

/// The mirrored frame, if this is ERSPAN. Sessions are not told apart: both directions of a
/// flow may be mirrored in sessions of their own.
pub(super) fn strip<'a>(gre: &Gre<'a>) -> Option<Result<&'a [u8], DecodeError>> {
    let bytes = gre.payload();
    match gre.ethertype() {
        TYPE_II if gre.has_sequence() => Some(behind(bytes, Layer::Erspan, 1, 8)),
        TYPE_III => {
            // The last bit of the header: eight bytes of the platform follow.
            let is_longer = bytes.get(11).is_some_and(|byte| byte & 1 != 0);
            let len = if is_longer { 20 } else { 12 };
            Some(behind(bytes, Layer::Erspan3, 2, len))
        }
        _ => None,
    }
}

fn behind(bytes: &[u8], layer: Layer, version: u8, len: usize) -> Result<&[u8], DecodeError> {
    let rest = bytes.get(len..);
    let rest = rest.ok_or(DecodeError::Truncated(layer))?;
    match bytes.first().map(|first| first >> 4) {
        Some(found) if found == version => Ok(rest),
        _ => Err(DecodeError::Version(layer)),
    }
}
