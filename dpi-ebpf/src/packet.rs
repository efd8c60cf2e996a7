//! Headers to [`Packet`]: Ethernet, VLAN and QinQ, IPv4, IPv6 with its extension
//! headers, TCP, UDP, SCTP. No policy.

use dpi_common::{
    Fragment, Packet, Unparsed,
    flow::{IPV4, IPV6, protocol},
};

use crate::{
    frame::{Frame, Wire},
    maps,
};

const ETHERNET_LEN: usize = 14;
const ETHERTYPE_OFFSET: usize = 12;
const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// Tags within the bytes; one more may travel beside them.
const MAX_TAGS: usize = 2;
const IPV6_LEN: usize = 40;
/// IPv6 extension headers that are followed.
const MAX_EXTENSIONS: usize = 12;

/// Reads what the prefilter and the flow hash need.
///
/// It lies in memory of which the verifier knows nothing: all that follows is then walked
/// once, and not once for each of the ways through the headers, which would make loading take
/// five times as long. The next packet overwrites it.
#[inline(always)]
pub(crate) fn parse<'a>(frame: &Frame<'a>) -> Result<&'a Packet, Unparsed> {
    // There always; see `Count::here`.
    let scratch = maps::SCRATCH.get_ptr_mut(0).ok_or(Unparsed::Truncated)?;
    // SAFETY: the map's value is a `Packet` of this CPU, which nothing else uses meanwhile
    // (see `Count::add`); whoever read the one before is done with it.
    let packet = unsafe {
        clear(scratch);
        &mut *scratch
    };
    packet.tagged = frame.has_offloaded_tag();
    read_headers(frame, packet)?;
    // Nor may the compiler go by what it has just stored.
    Ok(core::hint::black_box(packet))
}

/// Makes it [`Packet::default`], in whole words: for a plain assignment the linker calls a loop
/// over its bytes, which takes longer than all the headers.
///
/// # Safety
///
/// `packet` is valid for writes.
#[inline(always)]
unsafe fn clear(packet: *mut Packet) {
    const { assert!(size_of::<Packet>() % 8 == 0 && align_of::<Packet>() == 8) };
    for word in 0..size_of::<Packet>() / 8 {
        // SAFETY: within the value and aligned; zero bytes are a `Packet`. Volatile, or the
        // stores would be made a call again.
        unsafe { packet.cast::<u64>().add(word).write_volatile(0) };
    }
}

#[inline(always)]
fn read_headers(frame: &Frame<'_>, packet: &mut Packet) -> Result<(), Unparsed> {
    let mut offset = ETHERNET_LEN;
    let mut ethertype = be16(frame, ETHERTYPE_OFFSET)?;
    for _ in 0..MAX_TAGS {
        if !is_vlan(ethertype) {
            break;
        }
        packet.tagged = true;
        ethertype = be16(frame, offset + 2)?;
        offset += 4;
    }
    match ethertype {
        ETHERTYPE_IPV4 => ipv4(frame, offset, packet),
        ETHERTYPE_IPV6 => ipv6(frame, offset, packet),
        other if is_vlan(other) => Err(Unparsed::TooDeep),
        _ => Err(Unparsed::NotIp),
    }
}

/// IEEE 802.1Q, 802.1ad, and the number that stacked tags had before it.
#[inline(always)]
fn is_vlan(ethertype: u16) -> bool {
    ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100
}

#[inline(always)]
fn be16(frame: &Frame<'_>, offset: usize) -> Result<u16, Unparsed> {
    let value = frame.load::<u16>(offset).ok_or(Unparsed::Truncated)?;
    Ok(u16::from_be(value))
}

/// RFC 791 §3.1.
#[inline(always)]
fn ipv4(frame: &Frame<'_>, offset: usize, packet: &mut Packet) -> Result<(), Unparsed> {
    let header: [u8; 20] = frame.load(offset).ok_or(Unparsed::Truncated)?;
    let header_len = usize::from(header[0] & 0x0f) * 4;
    if header[0] >> 4 != IPV4 || header_len < 20 {
        return Err(Unparsed::BadIpHeader);
    }
    packet.family = IPV4;
    packet.protocol = header[9];
    packet.src[0] = u32::from_ne_bytes([header[12], header[13], header[14], header[15]]);
    packet.dst[0] = u32::from_ne_bytes([header[16], header[17], header[18], header[19]]);
    let more = header[6] & 0x20 != 0;
    let place = u16::from_be_bytes([header[6] & 0x1f, header[7]]);
    packet.fragment = fragment(more, place);
    if more || place != 0 {
        packet.fragment_id = u32::from(u16::from_ne_bytes([header[4], header[5]]));
    }
    transport::<DIRECT>(frame, offset + header_len, packet);
    Ok(())
}

#[inline(always)]
fn fragment(more: bool, place: u16) -> Fragment {
    if place != 0 {
        Fragment::Later
    } else if more {
        Fragment::First
    } else {
        Fragment::Whole
    }
}

/// RFC 8200 §3.
#[inline(always)]
fn ipv6(frame: &Frame<'_>, offset: usize, packet: &mut Packet) -> Result<(), Unparsed> {
    let start: [u8; 8] = frame.load(offset).ok_or(Unparsed::Truncated)?;
    if start[0] >> 4 != IPV6 {
        return Err(Unparsed::BadIpHeader);
    }
    packet.family = IPV6;
    packet.src = frame.load(offset + 8).ok_or(Unparsed::Truncated)?;
    packet.dst = frame.load(offset + 24).ok_or(Unparsed::Truncated)?;
    let offset = offset + IPV6_LEN;
    if is_extension(start[6]) {
        let offset = extensions(frame, offset, start[6], packet)?;
        transport::<COPY>(frame, offset, packet);
    } else {
        packet.protocol = start[6];
        transport::<DIRECT>(frame, offset, packet);
    }
    Ok(())
}

/// Hop-by-hop, routing, fragment, AH, destination options, mobility, HIP, Shim6.
#[inline(always)]
fn is_extension(next: u8) -> bool {
    matches!(next, 0 | 43 | 44 | 51 | 60 | 135 | 139 | 140)
}

/// Follows the extension headers (RFC 8200 §4, RFC 4302 §2 for AH) and returns where the
/// transport header begins. The headers are copied by the helper: direct access at an
/// offset that depends on all headers before makes the verifier walk every combination.
#[inline(always)]
fn extensions(
    frame: &Frame<'_>,
    mut offset: usize,
    mut next: u8,
    packet: &mut Packet,
) -> Result<usize, Unparsed> {
    for _ in 0..MAX_EXTENSIONS {
        let unit = match next {
            // AH counts words, less two.
            51 => 4,
            44 => {
                next = fragment_header(frame, offset, packet)?;
                offset += 8;
                if let Fragment::Later = packet.fragment {
                    packet.protocol = next;
                    return Ok(offset);
                }
                continue;
            }
            _ if is_extension(next) => 8,
            _ => {
                packet.protocol = next;
                return Ok(offset);
            }
        };
        let [after, len]: [u8; 2] = frame.copy(offset).ok_or(Unparsed::Truncated)?;
        let units = usize::from(len) + if unit == 4 { 2 } else { 1 };
        next = after;
        offset += units * unit;
    }
    Err(Unparsed::TooDeep)
}

/// RFC 8200 §4.5. Returns the next header.
#[inline(always)]
fn fragment_header(frame: &Frame<'_>, offset: usize, packet: &mut Packet) -> Result<u8, Unparsed> {
    let header: [u8; 8] = frame.copy(offset).ok_or(Unparsed::Truncated)?;
    let place = u16::from_be_bytes([header[2], header[3]]);
    packet.fragment = fragment(place & 1 != 0, place >> 3);
    if !matches!(packet.fragment, Fragment::Whole) {
        packet.fragment_id = u32::from_ne_bytes([header[4], header[5], header[6], header[7]]);
    }
    Ok(header[0])
}

/// How [`transport`] reads: in place.
const DIRECT: bool = true;
/// By the helper, for the reason that [`extensions`] has.
const COPY: bool = false;

#[inline(always)]
fn read<T: Wire, const HOW: bool>(frame: &Frame<'_>, offset: usize) -> Option<T> {
    if HOW == DIRECT {
        frame.load(offset)
    } else {
        frame.copy(offset)
    }
}

/// Ports, and TCP's flags. What is not there is marked as cut; a later fragment has none.
#[inline(always)]
fn transport<const HOW: bool>(frame: &Frame<'_>, offset: usize, packet: &mut Packet) {
    let is_tcp = packet.protocol == protocol::TCP;
    let has_ports = is_tcp || packet.protocol == protocol::UDP || packet.protocol == protocol::SCTP;
    if !has_ports || matches!(packet.fragment, Fragment::Later) {
        return;
    }
    match read::<[u16; 2], HOW>(frame, offset) {
        Some([src, dst]) => {
            packet.src_port = u16::from_be(src);
            packet.dst_port = u16::from_be(dst);
        }
        None => packet.cut = true,
    }
    if is_tcp {
        // With the byte before them: see `Wire`.
        match read::<[u8; 2], HOW>(frame, offset + 12) {
            Some([_, flags]) => packet.tcp_flags = flags,
            None => packet.cut = true,
        }
    }
}
