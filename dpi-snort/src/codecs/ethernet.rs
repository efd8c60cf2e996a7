//! Ethernet II, and IEEE 802.2 SNAP inside 802.3 (RFC 1042).

use super::{DecodeError, Layer};

/// IPv4.
pub(super) const ETHERTYPE_IPV4: u16 = 0x0800;
/// IPv6.
pub(super) const ETHERTYPE_IPV6: u16 = 0x86dd;
/// 802.1Q.
pub(super) const ETHERTYPE_VLAN: u16 = 0x8100;
/// 802.1ad.
pub(super) const ETHERTYPE_QINQ: u16 = 0x88a8;
/// QinQ before its standard.
pub(super) const ETHERTYPE_QINQ_OLD: u16 = 0x9100;
/// MPLS unicast.
pub(super) const ETHERTYPE_MPLS: u16 = 0x8847;
/// MPLS multicast.
pub(super) const ETHERTYPE_MPLS_MULTICAST: u16 = 0x8848;
/// `PPPoE` session.
pub(super) const ETHERTYPE_PPPOE: u16 = 0x8864;
/// Transparent Ethernet bridging: an Ethernet frame follows.
pub(super) const ETHERTYPE_TEB: u16 = 0x6558;
/// PPP, inside GRE.
pub(super) const ETHERTYPE_PPP: u16 = 0x880b;
/// Smaller values are 802.3 lengths.
const FIRST_ETHERTYPE: u16 = 0x0600;

const HEADER: usize = 14;
/// DSAP, SSAP, control, and an organization code of zero.
const SNAP: [u8; 6] = [0xaa, 0xaa, 0x03, 0, 0, 0];

/// An Ethernet header with what follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ethernet<'a> {
    ethertype: u16,
    payload: &'a [u8],
}

impl<'a> Ethernet<'a> {
    pub(super) fn new_checked(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (header, payload) = bytes
            .split_first_chunk::<HEADER>()
            .ok_or(DecodeError::Truncated(Layer::Ethernet))?;
        let ethertype = u16::from_be_bytes([header[12], header[13]]);
        if ethertype >= FIRST_ETHERTYPE {
            return Ok(Ethernet { ethertype, payload });
        }
        let (snap, rest) = payload
            .split_first_chunk::<8>()
            .ok_or(DecodeError::NotIp(ethertype))?;
        if !snap.starts_with(&SNAP) {
            return Err(DecodeError::NotIp(ethertype));
        }
        Ok(Ethernet {
            ethertype: u16::from_be_bytes([snap[6], snap[7]]),
            payload: rest,
        })
    }

    pub(super) fn ethertype(&self) -> u16 {
        self.ethertype
    }

    pub(super) fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
