//! `linux/if_packet.h`, version 3: where the fields are. Every read is bounds-checked;
//! lengths come from shared memory and are believed only within the block.

use super::frame::{Checksum, Frame, Gso, GsoKind, Timestamp, Vlan};

/// `block_status` in `struct tpacket_block_desc`.
pub(super) const BLOCK_STATUS: usize = 8;
const NUM_PKTS: usize = 12;
const OFFSET_TO_FIRST_PKT: usize = 16;
const SEQ_NUM: usize = 24;
/// `struct tpacket3_hdr`.
const PACKET_HEADER: usize = 48;
/// `struct virtio_net_hdr` without `num_buffers`; it ends where the packet starts.
const VNET_HEADER: usize = 10;

const TP_STATUS_CSUMNOTREADY: u32 = 1 << 3;
const TP_STATUS_VLAN_VALID: u32 = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID: u32 = 1 << 6;
const TP_STATUS_CSUM_VALID: u32 = 1 << 7;

/// `num_pkts` and the first packet's offset.
pub(super) fn block_header(block: &[u8]) -> Option<(u32, usize)> {
    Some((
        u32_at(block, NUM_PKTS)?,
        u32_at(block, OFFSET_TO_FIRST_PKT)? as usize,
    ))
}

/// `seq_num`: 1 for the ring's first block, then counting.
pub(super) fn block_sequence(block: &[u8]) -> Option<u64> {
    Some(u64::from_ne_bytes(array_at(block, SEQ_NUM)?))
}

/// Offset of the packet after the one at `offset`; `None` if it points out of the block
/// or not forward.
pub(super) fn next_packet(block: &[u8], offset: usize) -> Option<usize> {
    let step = u32_at(block, offset)? as usize;
    let next = offset.checked_add(step)?;
    (step >= PACKET_HEADER && next < block.len()).then_some(next)
}

/// The packet at `offset`; `None` if its lengths do not fit the block.
pub(super) fn frame(block: &[u8], offset: usize) -> Option<Frame<'_>> {
    let header = block.get(offset..offset.checked_add(PACKET_HEADER)?)?;
    let mac = offset.checked_add(usize::from(u16_at(header, 24)?))?;
    let captured = u32_at(header, 12)? as usize;
    let status = u32_at(header, 20)?;
    let vnet = block.get(mac.checked_sub(VNET_HEADER)?..mac)?;
    Some(Frame {
        bytes: block.get(mac..mac.checked_add(captured)?)?,
        wire_len: u32_at(header, 16)?,
        timestamp: Timestamp {
            seconds: u32_at(header, 4)?,
            nanoseconds: u32_at(header, 8)?,
        },
        rxhash: u32_at(header, 28)?,
        vlan: vlan(header, status),
        gso: gso(vnet),
        checksum: checksum(status),
    })
}

fn vlan(header: &[u8], status: u32) -> Option<Vlan> {
    if status & TP_STATUS_VLAN_VALID == 0 {
        return None;
    }
    let tci = (u32_at(header, 32)? & 0xffff) as u16;
    let tpid = match status & TP_STATUS_VLAN_TPID_VALID {
        0 => 0x8100,
        _ => u16_at(header, 36)?,
    };
    Some(Vlan { tci, tpid })
}

fn gso(vnet: &[u8]) -> Option<Gso> {
    const ECN: u8 = 0x80;
    let kind = match vnet.get(1)? & !ECN {
        0 => return None,
        1 => GsoKind::TcpV4,
        3 => GsoKind::UdpFragments,
        4 => GsoKind::TcpV6,
        5 => GsoKind::UdpDatagrams,
        other => GsoKind::Other(other),
    };
    Some(Gso {
        size: u16_at(vnet, 4)?,
        kind,
    })
}

fn checksum(status: u32) -> Checksum {
    if status & TP_STATUS_CSUMNOTREADY != 0 {
        Checksum::NotReady
    } else if status & TP_STATUS_CSUM_VALID != 0 {
        Checksum::Valid
    } else {
        Checksum::Unverified
    }
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(array_at(bytes, at)?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(array_at(bytes, at)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of 256 bytes with one packet of `captured` bytes at offset 48.
    fn block(captured: u32, mac: u16, next: u32) -> Vec<u8> {
        let mut block = vec![0_u8; 256];
        block[12..16].copy_from_slice(&1_u32.to_ne_bytes());
        block[16..20].copy_from_slice(&48_u32.to_ne_bytes());
        block[48..52].copy_from_slice(&next.to_ne_bytes());
        block[60..64].copy_from_slice(&captured.to_ne_bytes());
        block[64..68].copy_from_slice(&captured.to_ne_bytes());
        block[72..74].copy_from_slice(&mac.to_ne_bytes());
        block
    }

    #[test]
    fn lengths_are_believed_within_the_block_only() {
        // captured, mac, readable
        let table = [
            (60, 80, true),
            (128, 80, true),
            (129, 80, false),
            (u32::MAX, 80, false),
            (0, 208, true),
            (0, 209, false),
            (1, 208, false),
            (0, u16::MAX, false),
        ];
        for (captured, mac, readable) in table {
            let block = block(captured, mac, 0);
            assert_eq!(
                frame(&block, 48).is_some(),
                readable,
                "{captured} bytes at {mac}"
            );
        }
        let block = block(0, 80, 0);
        for offset in [209, 255, 256, usize::MAX - 1, usize::MAX] {
            assert!(frame(&block, offset).is_none(), "header at {offset}");
        }
    }

    #[test]
    fn the_next_packet_lies_ahead_and_inside() {
        for (step, next) in [
            (0, None),
            (47, None),
            (48, Some(96)),
            (207, Some(255)),
            (208, None),
            (u32::MAX, None),
        ] {
            assert_eq!(next_packet(&block(0, 80, step), 48), next, "step {step}");
        }
    }

    #[test]
    fn virtio_header_and_status_are_read() {
        let mut block = block(4, 80, 0);
        block[119] = 0x81;
        block[122..124].copy_from_slice(&1448_u16.to_ne_bytes());
        block[68..72]
            .copy_from_slice(&(TP_STATUS_CSUMNOTREADY | TP_STATUS_VLAN_VALID).to_ne_bytes());
        block[80..84].copy_from_slice(&0x2007_u32.to_ne_bytes());
        let frame = frame(&block, 48).expect("one packet");
        assert_eq!(
            frame.gso,
            Some(Gso {
                size: 1448,
                kind: GsoKind::TcpV4
            })
        );
        assert_eq!(frame.checksum, Checksum::NotReady);
        assert_eq!(
            frame.vlan,
            Some(Vlan {
                tci: 0x2007,
                tpid: 0x8100
            })
        );
    }
}
