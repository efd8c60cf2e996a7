//! Bytes of one direction into frames (RFC 6455 §5.2), unmasked. Incremental at any byte.

/// Some bytes of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Unmasked.
    pub(super) data: Vec<u8>,
    /// Of a control frame, which may stand between those of a message.
    pub(super) is_control: bool,
    /// They are the first of a message; whether it is compressed.
    pub(super) begins: Option<bool>,
    /// They are the last of a message or of a control frame.
    pub(super) ends: bool,
}

/// Why a direction cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("a reserved opcode")]
    Opcode,
    #[error("a control frame of more than 125 bytes, or a frame of 2^63 and more")]
    Length,
}

impl FrameError {
    /// The counter's label.
    pub(super) fn reason(self) -> &'static str {
        match self {
            FrameError::Opcode => "websocket_opcode",
            FrameError::Length => "websocket_frame_length",
        }
    }
}

/// Reader of one direction.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// A half-read frame header.
    header: Vec<u8>,
    payload: Option<Payload>,
}

#[derive(Clone, Copy, Debug)]
struct Payload {
    left: u64,
    mask: [u8; 4],
    /// Which byte of the mask is next.
    at: usize,
    is_control: bool,
    begins: Option<bool>,
    is_final: bool,
}

const CONTINUATION: u8 = 0;
const BINARY: u8 = 2;
/// Close, ping and pong.
const CONTROL: std::ops::RangeInclusive<u8> = 8..=10;

impl Frames {
    /// Takes bytes off the front of `input`; `None` when more are needed, then `input` is
    /// empty.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Result<Option<Piece>, FrameError> {
        loop {
            if let Some(payload) = self.payload {
                if payload.left > 0 && input.is_empty() {
                    return Ok(None);
                }
                return Ok(Some(self.take(payload, input)));
            }
            let Some((byte, rest)) = input.split_first() else {
                return Ok(None);
            };
            *input = rest;
            self.header.push(*byte);
            self.payload = read_header(&self.header)?;
            if self.payload.is_some() {
                self.header.clear();
            }
        }
    }

    /// Skips bytes that were lost; false if what follows them cannot be placed.
    pub(super) fn skip(&mut self, lost: u64) -> bool {
        match &mut self.payload {
            Some(payload) if payload.left >= lost => {
                payload.left -= lost;
                // A remainder of four or less is as good as the whole.
                payload.at += usize::try_from(lost % 4).unwrap_or(0);
                true
            }
            _ => false,
        }
    }

    /// Forgets what is half read and gives back an unfinished header.
    pub(super) fn reset(&mut self) -> Vec<u8> {
        self.payload = None;
        std::mem::take(&mut self.header)
    }

    fn take(&mut self, mut payload: Payload, input: &mut &[u8]) -> Piece {
        let count = usize::try_from(payload.left)
            .unwrap_or(usize::MAX)
            .min(input.len());
        let (taken, rest) = input.split_at_checked(count).unwrap_or((input, &[]));
        *input = rest;
        let mask = payload.mask.iter().cycle().skip(payload.at % 4);
        let data = taken.iter().zip(mask).map(|(byte, mask)| byte ^ mask);
        let piece = Piece {
            data: data.collect(),
            is_control: payload.is_control,
            begins: payload.begins.take(),
            ends: payload.is_final && payload.left == count as u64,
        };
        payload.left -= count as u64;
        payload.at = (payload.at + count) % 4;
        self.payload = (payload.left > 0).then_some(payload);
        piece
    }
}

/// The payload that a whole header announces; `None` if more bytes belong to it.
fn read_header(header: &[u8]) -> Result<Option<Payload>, FrameError> {
    let [first, second, rest @ ..] = header else {
        return Ok(None);
    };
    let opcode = first & 0x0F;
    let is_control = CONTROL.contains(&opcode);
    if opcode > BINARY && !is_control {
        return Err(FrameError::Opcode);
    }
    let (length_bytes, short) = match second & 0x7F {
        126 => (2, 0),
        127 => (8, 0),
        short => (0, u64::from(short)),
    };
    let mask_bytes = if second & 0x80 == 0 { 0 } else { 4 };
    if is_control && length_bytes > 0 {
        return Err(FrameError::Length);
    }
    if rest.len() < length_bytes + mask_bytes {
        return Ok(None);
    }
    let (length, mask) = rest.split_at_checked(length_bytes).unwrap_or_default();
    let long = length
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    if long >> 63 != 0 {
        return Err(FrameError::Length);
    }
    Ok(Some(Payload {
        left: if length_bytes == 0 { short } else { long },
        mask: mask.try_into().unwrap_or_default(),
        at: 0,
        is_control,
        begins: (!is_control && opcode != CONTINUATION).then_some(first & 0x40 != 0),
        is_final: first & 0x80 != 0,
    }))
}
