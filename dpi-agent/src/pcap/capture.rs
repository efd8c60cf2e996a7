//! Reading capture files, pcap and pcapng, of any byte order and time resolution.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use dpi_snort::LinkType;
use pcap_parser::{
    Block, InterfaceDescriptionBlock, Linktype, PcapBlockOwned, PcapError, create_reader,
    traits::{PcapNGPacketBlock, PcapReaderIterator},
};
use thiserror::Error;

/// Bytes read at once; grown for larger packets, up to the next constant.
const BUFFER: usize = 1 << 20;
/// No packet of a capture is larger, whatever its header says.
const MAX_BUFFER: usize = 64 << 20;

/// One packet of a capture.
#[derive(Clone, Copy, Debug)]
pub struct Captured<'a> {
    /// Number in the file, from 1.
    pub number: u64,
    /// Nanoseconds since 1970.
    pub nanos: u64,
    /// Bytes captured.
    pub bytes: &'a [u8],
    /// Length on the wire.
    pub wire_len: u32,
    /// What the first byte is.
    pub link_type: LinkType,
}

/// Why a capture could not be read to its end. What was read before has been given out.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// The file could not be opened or read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is neither pcap nor pcapng.
    #[error("is no capture: neither pcap nor pcapng; editcap converts other formats")]
    NotACapture,
    /// It ends within a packet.
    #[error(
        "is cut short behind packet {packets}, at byte {offset}: only what precedes was inspected"
    )]
    Truncated {
        /// Packets read.
        packets: u64,
        /// Bytes that were of use.
        offset: u64,
    },
    /// A block contradicts itself.
    #[error(
        "is damaged behind packet {packets}, at byte {offset}: only what precedes was inspected"
    )]
    Damaged {
        /// Packets read.
        packets: u64,
        /// Bytes that were of use.
        offset: u64,
    },
    /// Its packets begin with a header that is not decoded.
    #[error(
        "has link type {0}, which is not decoded: capture as Ethernet, raw IP, null, loop, PPP, SLL or SLL2"
    )]
    LinkType(i32),
    /// A packet is larger than anything a capture holds.
    #[error("has a packet of more than {MAX_BUFFER} bytes behind packet {packets}")]
    TooLarge {
        /// Packets read.
        packets: u64,
    },
}

/// Calls `visit` for each packet of a file; an error of `visit` ends the reading.
pub fn read(
    path: &Path,
    visit: &mut dyn FnMut(&Captured<'_>) -> io::Result<()>,
) -> Result<u64, ReadError> {
    let file = File::open(path).map_err(CaptureError::Io)?;
    read_from(file, visit)
}

/// Why reading ended early.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The capture's fault.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The visitor's.
    #[error(transparent)]
    Visit(io::Error),
}

fn read_from(
    source: impl Read + Send,
    visit: &mut dyn FnMut(&Captured<'_>) -> io::Result<()>,
) -> Result<u64, ReadError> {
    let mut reader = match create_reader(BUFFER, source) {
        Ok(reader) => reader,
        Err(PcapError::Eof | PcapError::UnexpectedEof | PcapError::Incomplete(_)) => {
            return Err(CaptureError::Truncated {
                packets: 0,
                offset: 0,
            }
            .into());
        }
        Err(_) => return Err(CaptureError::NotACapture.into()),
    };
    let mut state = State::default();
    let mut offset = 0_u64;
    // Whether the last attempt to get more bytes brought any.
    let mut starved = None;
    loop {
        match reader.next() {
            Ok((used, block)) => {
                state.block(&block, visit)?;
                offset = offset.saturating_add(used as u64);
                reader.consume(used);
                starved = None;
            }
            Err(PcapError::Eof) => return Ok(state.packets),
            Err(PcapError::Incomplete(_)) => {
                let before = reader.data().len();
                if starved == Some(before) && reader.reader_exhausted() {
                    return Err(CaptureError::Truncated {
                        packets: state.packets,
                        offset,
                    }
                    .into());
                }
                starved = Some(before);
                refill(&mut *reader, state.packets)?;
            }
            Err(PcapError::UnexpectedEof) => {
                return Err(CaptureError::Truncated {
                    packets: state.packets,
                    offset,
                }
                .into());
            }
            Err(PcapError::BufferTooSmall) => grow(&mut *reader, state.packets)?,
            Err(_) => {
                return Err(CaptureError::Damaged {
                    packets: state.packets,
                    offset,
                }
                .into());
            }
        }
    }
}

fn refill(reader: &mut dyn PcapReaderIterator, packets: u64) -> Result<(), CaptureError> {
    match reader.refill() {
        Ok(()) => Ok(()),
        Err(PcapError::BufferTooSmall) => grow(reader, packets),
        Err(_) => Err(CaptureError::Io(io::ErrorKind::UnexpectedEof.into())),
    }
}

fn grow(reader: &mut dyn PcapReaderIterator, packets: u64) -> Result<(), CaptureError> {
    let wanted = reader
        .data()
        .len()
        .saturating_mul(2)
        .max(BUFFER.saturating_mul(2));
    if wanted > MAX_BUFFER || !reader.grow(wanted) {
        return Err(CaptureError::TooLarge { packets });
    }
    match reader.refill() {
        Ok(()) => Ok(()),
        Err(_) => Err(CaptureError::Io(io::ErrorKind::UnexpectedEof.into())),
    }
}

/// What blocks before have said of the packets to come.
#[derive(Default)]
struct State {
    packets: u64,
    legacy: Option<Interface>,
    interfaces: Vec<Interface>,
}

#[derive(Clone, Copy)]
struct Interface {
    link_type: Linktype,
    /// Units of a timestamp in a second.
    resolution: u64,
    /// Seconds to be added.
    offset: i64,
}

impl State {
    fn block(
        &mut self,
        block: &PcapBlockOwned<'_>,
        visit: &mut dyn FnMut(&Captured<'_>) -> io::Result<()>,
    ) -> Result<(), ReadError> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let resolution = if header.is_nanosecond_precision() {
                    1_000_000_000
                } else {
                    1_000_000
                };
                self.legacy = Some(Interface {
                    link_type: header.network,
                    resolution,
                    offset: 0,
                });
                Ok(())
            }
            PcapBlockOwned::Legacy(packet) => {
                let Some(interface) = self.legacy else {
                    return Err(CaptureError::NotACapture.into());
                };
                let units = u64::from(packet.ts_sec)
                    .saturating_mul(interface.resolution)
                    .saturating_add(u64::from(packet.ts_usec));
                self.packet(
                    interface,
                    units,
                    packet.data,
                    packet.caplen,
                    packet.origlen,
                    visit,
                )
            }
            PcapBlockOwned::NG(block) => self.next_generation(block, visit),
        }
    }

    fn next_generation(
        &mut self,
        block: &Block<'_>,
        visit: &mut dyn FnMut(&Captured<'_>) -> io::Result<()>,
    ) -> Result<(), ReadError> {
        match block {
            Block::SectionHeader(_) => self.interfaces.clear(),
            Block::InterfaceDescription(interface) => {
                self.interfaces.push(Interface::of(interface));
            }
            Block::EnhancedPacket(packet) => {
                let at = usize::try_from(packet.if_id).unwrap_or(usize::MAX);
                if let Some(interface) = self.interfaces.get(at).copied() {
                    let units = (u64::from(packet.ts_high) << 32) | u64::from(packet.ts_low);
                    let data = packet.packet_data();
                    return self.packet(
                        interface,
                        units,
                        data,
                        packet.caplen,
                        packet.origlen,
                        visit,
                    );
                }
            }
            Block::SimplePacket(packet) => {
                if let Some(interface) = self.interfaces.first().copied() {
                    let data = packet.packet_data();
                    let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
                    return self.packet(interface, 0, data, len, packet.origlen, visit);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn packet(
        &mut self,
        interface: Interface,
        units: u64,
        data: &[u8],
        captured: u32,
        wire_len: u32,
        visit: &mut dyn FnMut(&Captured<'_>) -> io::Result<()>,
    ) -> Result<(), ReadError> {
        self.packets = self.packets.saturating_add(1);
        let Some(link_type) = link_type(interface.link_type) else {
            return Err(CaptureError::LinkType(interface.link_type.0).into());
        };
        // Blocks are padded; the length says where the packet ends.
        let len = data.len().min(captured as usize);
        let packet = Captured {
            number: self.packets,
            nanos: interface.nanos(units),
            bytes: data.get(..len).unwrap_or(data),
            wire_len,
            link_type,
        };
        visit(&packet).map_err(ReadError::Visit)
    }
}

impl Interface {
    fn of(block: &InterfaceDescriptionBlock<'_>) -> Interface {
        Interface {
            link_type: block.linktype,
            resolution: units_in_a_second(block.if_tsresol),
            offset: block.ts_offset(),
        }
    }

    fn nanos(&self, units: u64) -> u64 {
        let nanos = u128::from(units) * 1_000_000_000 / u128::from(self.resolution);
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        nanos.saturating_add_signed(self.offset.saturating_mul(1_000_000_000))
    }
}

/// `if_tsresol`: a power of ten, or of two where the highest bit is set. What no clock has is
/// taken as the default, microseconds.
fn units_in_a_second(if_tsresol: u8) -> u64 {
    let exponent = u32::from(if_tsresol & 0x7f);
    let base: u64 = if if_tsresol & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(exponent).unwrap_or(1_000_000)
}

fn link_type(link_type: Linktype) -> Option<LinkType> {
    Some(match link_type.0 {
        0 => LinkType::Null,
        1 => LinkType::Ethernet,
        9 | 50 => LinkType::Ppp,
        12 | 14 | 101 | 228 | 229 => LinkType::RawIp,
        108 => LinkType::Loop,
        113 => LinkType::LinuxSll,
        276 => LinkType::LinuxSll2,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pcap with two packets of 4 and 3 bytes, at 1.5 s and 2 s.
    fn classic(magic: [u8; 4], link_type: u32, fraction: u32) -> Vec<u8> {
        let mut file = magic.to_vec();
        file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0]);
        file.extend(link_type.to_le_bytes());
        for (seconds, fraction, bytes, wire) in
            [(1_u32, fraction, &b"abcd"[..], 4_u32), (2, 0, b"efg", 90)]
        {
            file.extend(seconds.to_le_bytes());
            file.extend(fraction.to_le_bytes());
            file.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
            file.extend(wire.to_le_bytes());
            file.extend(bytes);
        }
        file
    }

    /// A pcapng with one interface and one packet of 5 bytes at 1.5 s.
    fn next_generation(resolution: u8, units: u64) -> Vec<u8> {
        let block = |kind: u32, body: &[u8]| {
            let len = u32::try_from(body.len() + 12).unwrap();
            let mut block = kind.to_le_bytes().to_vec();
            block.extend(len.to_le_bytes());
            block.extend(body);
            block.extend(len.to_le_bytes());
            block
        };
        let mut header = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
        header.extend([1, 0, 0, 0]);
        header.extend([0xff; 8]);
        let mut interface = vec![1, 0, 0, 0, 0, 0, 0, 0];
        interface.extend([9, 0, 1, 0, resolution, 0, 0, 0, 0, 0, 0, 0]);
        let mut packet = 0_u32.to_le_bytes().to_vec();
        packet.extend(u32::try_from(units >> 32).unwrap().to_le_bytes());
        packet.extend(u32::try_from(units & 0xffff_ffff).unwrap().to_le_bytes());
        packet.extend(5_u32.to_le_bytes());
        packet.extend(5_u32.to_le_bytes());
        packet.extend(b"abcde\0\0\0");
        [
            block(0x0a0d_0d0a, &header),
            block(1, &interface),
            block(6, &packet),
        ]
        .concat()
    }

    type Packets = Vec<(u64, Vec<u8>, u32)>;

    fn packets(file: &[u8]) -> (Packets, Result<u64, ReadError>) {
        let mut packets = Vec::new();
        let result = read_from(io::Cursor::new(file.to_vec()), &mut |packet| {
            packets.push((packet.nanos, packet.bytes.to_vec(), packet.wire_len));
            Ok(())
        });
        (packets, result)
    }

    #[test]
    fn times_and_lengths_are_read() {
        let half_past = 1_500_000_000;
        let micros = [0xd4, 0xc3, 0xb2, 0xa1];
        let nanos = [0x4d, 0x3c, 0xb2, 0xa1];
        for (magic, fraction) in [(micros, 500_000), (nanos, 500_000_000)] {
            let (packets, result) = packets(&classic(magic, 1, fraction));
            assert_eq!(result.unwrap(), 2);
            assert_eq!(packets[0], (half_past, b"abcd".to_vec(), 4));
            assert_eq!(packets[1], (2_000_000_000, b"efg".to_vec(), 90));
        }
        for (resolution, units) in [(6, 1_500_000), (9, half_past), (3, 1500), (0x81, 3)] {
            let (packets, result) = packets(&next_generation(resolution, units));
            assert_eq!(result.unwrap(), 1, "resolution {resolution}");
            assert_eq!(
                packets[0],
                (half_past, b"abcde".to_vec(), 5),
                "resolution {resolution}"
            );
        }
    }

    #[test]
    fn a_file_cut_anywhere_gives_what_it_has_and_says_so() {
        let whole = classic([0xd4, 0xc3, 0xb2, 0xa1], 1, 0);
        for cut in 0..whole.len() {
            let (packets, result) = packets(&whole[..cut]);
            let expected = usize::from(cut >= 44);
            assert_eq!(packets.len(), expected, "cut at {cut}");
            // At 24 and 44 bytes it ends between packets.
            assert_eq!(
                result.is_ok(),
                cut == 24 || cut == 44,
                "cut at {cut}: {result:?}"
            );
        }
        let whole = next_generation(6, 0);
        for cut in 0..whole.len() {
            let _ = packets(&whole[..cut]);
        }
    }

    #[test]
    fn other_files_and_link_types_are_refused() {
        let (_, result) = packets(b"just some text that is long enough to hold a header");
        assert!(matches!(
            result,
            Err(ReadError::Capture(CaptureError::NotACapture))
        ));
        let (_, result) = packets(&classic([0xd4, 0xc3, 0xb2, 0xa1], 147, 0));
        assert!(matches!(
            result,
            Err(ReadError::Capture(CaptureError::LinkType(147)))
        ));
    }
}
