//! Capture files in the classic libpcap format, read and written.

use std::{
    io::{self, Write},
    time::Duration,
};

use thiserror::Error;

/// A capture file in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureFile {
    /// Link-layer header type (DLT number).
    pub link_type: u32,
    /// The packets in the file's order.
    pub packets: Vec<CapturedPacket>,
}

/// One packet of a capture file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedPacket {
    /// Time since 1970.
    pub time: Duration,
    /// Length on the wire; `bytes` may be shorter.
    pub wire_len: u32,
    /// What was captured.
    pub bytes: Vec<u8>,
}

/// Why a capture file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "each message says what the variant means")]
pub enum CaptureFileError {
    #[error("the file is shorter than a capture file's header (24 bytes)")]
    NoHeader,
    #[error("{0:#010x} is not the magic number of a capture file")]
    Magic(u32),
    #[error("the file ends within packet {0}")]
    Truncated(usize),
}

const MAGIC_MICROS: u32 = 0xa1b2_c3d4;
const MAGIC_NANOS: u32 = 0xa1b2_3c4d;
const HEADER_LEN: usize = 24;
const RECORD_LEN: usize = 16;

impl CaptureFile {
    /// Reads a capture of either byte order, with micro- or nanoseconds.
    pub fn read(file: &[u8]) -> Result<CaptureFile, CaptureFileError> {
        let magic = field(file, 0, true).ok_or(CaptureFileError::NoHeader)?;
        let (little, nanos) = match (magic, magic.swap_bytes()) {
            (MAGIC_MICROS, _) => (true, 1000),
            (MAGIC_NANOS, _) => (true, 1),
            (_, MAGIC_MICROS) => (false, 1000),
            (_, MAGIC_NANOS) => (false, 1),
            _ => return Err(CaptureFileError::Magic(magic)),
        };
        // The upper bits say how long a frame check sequence is.
        let link_type = field(file, 20, little).ok_or(CaptureFileError::NoHeader)? & 0x03ff_ffff;
        let mut packets = Vec::new();
        let mut rest = &file[HEADER_LEN..];
        while !rest.is_empty() {
            let truncated = CaptureFileError::Truncated(packets.len() + 1);
            let word = |at| field(rest, at, little).ok_or(truncated);
            let (seconds, fraction) = (word(0)?, word(4)?);
            let (len, wire_len) = (word(8)? as usize, word(12)?);
            let bytes = rest
                .get(RECORD_LEN..RECORD_LEN.saturating_add(len))
                .ok_or(truncated)?;
            packets.push(CapturedPacket {
                time: Duration::from_secs(seconds.into())
                    + Duration::from_nanos(u64::from(fraction) * nanos),
                wire_len,
                bytes: bytes.to_vec(),
            });
            rest = &rest[RECORD_LEN + len..];
        }
        Ok(CaptureFile { link_type, packets })
    }

    /// A capture of Ethernet frames, one a millisecond from 2023-11-14T22:13:20Z on.
    pub fn of_frames(frames: impl IntoIterator<Item = Vec<u8>>) -> CaptureFile {
        let start = Duration::from_secs(1_700_000_000);
        let packets = (0..).zip(frames).map(|(n, bytes)| CapturedPacket {
            time: start + Duration::from_millis(n),
            wire_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            bytes,
        });
        CaptureFile {
            link_type: 1,
            packets: packets.collect(),
        }
    }

    /// Writes the capture, little-endian, with nanoseconds.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(&MAGIC_NANOS.to_le_bytes())?;
        // Version 2.4, no time zone, no accuracy, snapshot length 262,144.
        to.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0])?;
        to.write_all(&self.link_type.to_le_bytes())?;
        for packet in &self.packets {
            let too_large = |_| io::Error::from(io::ErrorKind::InvalidInput);
            let seconds = u32::try_from(packet.time.as_secs()).map_err(too_large)?;
            let len = u32::try_from(packet.bytes.len()).map_err(too_large)?;
            for word in [seconds, packet.time.subsec_nanos(), len, packet.wire_len] {
                to.write_all(&word.to_le_bytes())?;
            }
            to.write_all(&packet.bytes)?;
        }
        Ok(())
    }
}

fn field(bytes: &[u8], at: usize, little: bool) -> Option<u32> {
    let word = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(if little {
        u32::from_le_bytes(word)
    } else {
        u32::from_be_bytes(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<u8> {
        let mut file = Vec::new();
        CaptureFile::of_frames([b"abcd".to_vec(), vec![]])
            .write(&mut file)
            .expect("writing to memory");
        file
    }

    #[test]
    fn what_is_written_is_read_again() {
        let read = CaptureFile::read(&written()).expect("valid");
        assert_eq!(read, CaptureFile::of_frames([b"abcd".to_vec(), vec![]]));
        assert_eq!(read.packets[1].time.subsec_millis(), 1);
    }

    #[test]
    fn big_endian_microseconds_are_read() {
        let mut file = 0xa1b2_c3d4_u32.to_be_bytes().to_vec();
        file.extend([
            0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 101,
        ]);
        file.extend([0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 9, b'x']);
        let read = CaptureFile::read(&file).expect("valid");
        assert_eq!(read.link_type, 101);
        assert_eq!(read.packets[0].time, Duration::new(5, 7000));
        assert_eq!(
            (read.packets[0].wire_len, read.packets[0].bytes.as_slice()),
            (9, b"x".as_slice())
        );
    }

    #[test]
    fn every_cut_is_refused_or_ends_between_packets() {
        let file = written();
        // The ends of header, first and second packet.
        let whole = [24, 44, 60];
        for len in 0..file.len() {
            let read = CaptureFile::read(&file[..len]);
            assert_eq!(read.is_ok(), whole.contains(&len), "{len}: {read:?}");
        }
        assert_eq!(CaptureFile::read(&[0; 24]), Err(CaptureFileError::Magic(0)));
    }
}
