//! Bytes of one direction into the frames that matter (RFC 9113 §4, §6): header blocks,
//! body data, resets. Incremental at any byte; what the blocks say is its caller's
//! business.

use crate::config::Config;

use super::{
    block::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADER_LENGTH, HEADERS, Header, OpenBlock,
        PADDED, PUSH_PROMISE, RST_STREAM, SETTINGS,
    },
    error::FrameError,
};

/// What a client sends first (RFC 9113 §3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame, or a piece of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// The fragments of HEADERS or `PUSH_PROMISE` and its CONTINUATIONs, put together.
    Block {
        /// The stream that the fields are about.
        stream: u32,
        /// The block tells of a request that the server makes up itself.
        is_promise: bool,
        /// Nothing more comes in this direction of the stream.
        ends: bool,
        /// Compressed fields.
        block: Vec<u8>,
    },
    /// Body bytes, without padding.
    Data {
        stream: u32,
        data: &'a [u8],
        /// As of a block; set with the last piece of a frame.
        ends: bool,
    },
    /// The stream is gone, in both directions.
    Reset { stream: u32 },
}

/// Reader of one direction.
#[derive(Debug)]
pub(super) struct Frames {
    state: State,
    /// A half-read frame header, or the payload of a frame that is needed whole.
    buffer: Vec<u8>,
    /// A header block that more fragments belong to.
    open: Option<OpenBlock>,
    /// A frame was read.
    started: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// So many bytes of the preface have come.
    Preface(usize),
    Header,
    /// The pad length of a DATA frame comes next.
    PadLength {
        stream: u32,
        left: usize,
        ends: bool,
    },
    Data(Data),
    /// The payload of a frame that carries a fragment.
    Fragment {
        header: Header,
    },
    /// Of no interest.
    Skip(usize),
}

#[derive(Clone, Copy, Debug)]
struct Data {
    stream: u32,
    left: usize,
    padding: usize,
    ends: bool,
}

/// What the loss of bytes means for a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// They were of a frame without a header block.
    Harmless,
    /// A header block is gone.
    Block,
    /// Where the next frame begins is not known.
    Framing,
}

impl Frames {
    /// For the client's direction, `matched` bytes into the preface; for the server's at
    /// its first frame.
    pub(super) fn new(to_server: bool, matched: usize) -> Frames {
        Frames {
            state: if to_server {
                State::Preface(matched)
            } else {
                State::Header
            },
            buffer: Vec::new(),
            open: None,
            started: false,
        }
    }

    /// Whether the preface has not come yet.
    pub(super) fn is_at_preface(&self) -> bool {
        matches!(self.state, State::Preface(_))
    }

    /// Takes bytes off the front of `input` until a piece is complete; `None` when more
    /// bytes are needed, then `input` is empty.
    pub(super) fn next<'a>(
        &mut self,
        input: &mut &'a [u8],
        config: &Config,
    ) -> Result<Option<Piece<'a>>, FrameError> {
        loop {
            let piece = match self.state {
                // A frame may end without a byte of its own.
                State::Fragment { header } if self.buffer.len() == header.length => {
                    self.fragment(header)?
                }
                _ if input.is_empty() => return Ok(None),
                State::Preface(matched) => {
                    self.preface(input, matched)?;
                    None
                }
                State::Header => self.header(input, config)?,
                State::PadLength { stream, left, ends } => {
                    let padding = take(input, 1).first().copied().map_or(0, usize::from);
                    let left = (left - 1).checked_sub(padding).ok_or(FrameError::Padding)?;
                    self.begin_data(Data {
                        stream,
                        left,
                        padding,
                        ends,
                    })
                }
                State::Data(data) => Some(self.data(input, data)),
                State::Fragment { header } => {
                    let missing = header.length - self.buffer.len();
                    self.buffer.extend_from_slice(take(input, missing));
                    None
                }
                State::Skip(left) => {
                    let left = left - take(input, left).len();
                    self.skip(left);
                    None
                }
            };
            if piece.is_some() {
                return Ok(piece);
            }
        }
    }

    /// `lost` bytes will never come.
    pub(super) fn lose(&mut self, lost: u64) -> Loss {
        let lost = usize::try_from(lost).unwrap_or(usize::MAX);
        match self.state {
            State::Data(data) if lost <= data.left => {
                self.state = State::Data(Data {
                    left: data.left - lost,
                    ..data
                });
                if lost == data.left {
                    self.skip(data.padding);
                }
                Loss::Harmless
            }
            State::Skip(left) if lost <= left => {
                self.skip(left - lost);
                Loss::Harmless
            }
            State::Fragment { header } if lost <= header.length - self.buffer.len() => {
                let left = header.length - self.buffer.len() - lost;
                self.buffer.clear();
                self.skip(left);
                if header.flags & END_HEADERS != 0 {
                    self.open = None;
                } else if let Some(open) = &mut self.open {
                    open.is_damaged = true;
                } else {
                    self.open = Some(OpenBlock::damaged(header.stream));
                }
                Loss::Block
            }
            _ => Loss::Framing,
        }
    }

    /// What is half read, to be searched as it is.
    pub(super) fn reset(&mut self) -> Vec<u8> {
        if let State::Preface(matched) = self.state {
            self.buffer = PREFACE.get(..matched).unwrap_or_default().to_vec();
        }
        self.state = State::Header;
        self.open = None;
        std::mem::take(&mut self.buffer)
    }

    pub(super) fn memory(&self) -> usize {
        let open = self.open.as_ref().map_or(0, |open| open.block.capacity());
        self.buffer.capacity() + open
    }

    fn preface(&mut self, input: &mut &[u8], matched: usize) -> Result<(), FrameError> {
        let missing = PREFACE.get(matched..).unwrap_or_default();
        let length = missing.len().min(input.len());
        if input.get(..length) != missing.get(..length) {
            return Err(FrameError::Preface);
        }
        take(input, length);
        self.state = if length == missing.len() {
            State::Header
        } else {
            State::Preface(matched + length)
        };
        Ok(())
    }

    fn header<'a>(
        &mut self,
        input: &mut &'a [u8],
        config: &Config,
    ) -> Result<Option<Piece<'a>>, FrameError> {
        let missing = HEADER_LENGTH - self.buffer.len();
        self.buffer.extend_from_slice(take(input, missing));
        let Ok(bytes) = <[u8; HEADER_LENGTH]>::try_from(self.buffer.as_slice()) else {
            return Ok(None);
        };
        let header = Header::read(bytes);
        // RFC 9113 §3.4: whatever begins otherwise is something else.
        if !self.started && header.kind != SETTINGS {
            return Err(FrameError::Settings);
        }
        let carrier = self.open.as_ref().map(|open| open.carrier);
        let continues = header.kind == CONTINUATION;
        if continues != carrier.is_some() || carrier.is_some_and(|of| of != header.stream) {
            return Err(if carrier.is_some() {
                FrameError::Interrupted
            } else {
                FrameError::Continuation
            });
        }
        self.started = true;
        self.begin_frame(header, config)
    }

    fn begin_frame<'a>(
        &mut self,
        header: Header,
        config: &Config,
    ) -> Result<Option<Piece<'a>>, FrameError> {
        let Header {
            length,
            kind,
            flags,
            stream,
        } = header;
        let ends = flags & END_STREAM != 0;
        let mut piece = None;
        match kind {
            HEADERS | PUSH_PROMISE | CONTINUATION => {
                let so_far = self.open.as_ref().map_or(0, |open| open.cost);
                if so_far + HEADER_LENGTH + length > config.http_max_headers {
                    return Err(FrameError::BlockLength);
                }
                self.state = State::Fragment { header };
            }
            DATA if flags & PADDED != 0 => {
                let left = length;
                if left == 0 {
                    return Err(FrameError::Length);
                }
                self.state = State::PadLength { stream, left, ends };
            }
            DATA => {
                piece = self.begin_data(Data {
                    stream,
                    left: length,
                    padding: 0,
                    ends,
                });
            }
            RST_STREAM => {
                self.skip(length);
                piece = Some(Piece::Reset { stream });
            }
            _ => self.skip(length),
        }
        self.buffer.clear();
        Ok(piece)
    }

    /// Goes on with the next frame once `left` bytes are over.
    fn skip(&mut self, left: usize) {
        self.state = if left == 0 {
            State::Header
        } else {
            State::Skip(left)
        };
    }

    /// Of a frame without a byte of data the end is all there is to tell.
    fn begin_data<'a>(&mut self, data: Data) -> Option<Piece<'a>> {
        if data.left > 0 {
            self.state = State::Data(data);
            return None;
        }
        self.skip(data.padding);
        data.ends.then_some(Piece::Data {
            stream: data.stream,
            data: &[],
            ends: true,
        })
    }

    fn data<'a>(&mut self, input: &mut &'a [u8], data: Data) -> Piece<'a> {
        let bytes = take(input, data.left);
        let left = data.left - bytes.len();
        if left == 0 {
            self.skip(data.padding);
        } else {
            self.state = State::Data(Data { left, ..data });
        }
        Piece::Data {
            stream: data.stream,
            data: bytes,
            ends: data.ends && left == 0,
        }
    }

    /// A frame with a fragment is whole.
    fn fragment<'a>(&mut self, header: Header) -> Result<Option<Piece<'a>>, FrameError> {
        self.state = State::Header;
        let payload = std::mem::take(&mut self.buffer);
        let mut fragment = payload.as_slice();
        let mut open = match self.open.take() {
            Some(open) => open,
            None => OpenBlock::begin(header, &mut fragment).ok_or(FrameError::Length)?,
        };
        open.cost += HEADER_LENGTH + header.length;
        open.block.extend_from_slice(fragment);
        if header.flags & END_HEADERS == 0 {
            self.open = Some(open);
            return Ok(None);
        }
        if open.is_damaged {
            return Ok(None);
        }
        Ok(Some(Piece::Block {
            stream: open.stream,
            is_promise: open.is_promise,
            ends: open.ends,
            block: open.block,
        }))
    }
}

/// Takes up to `count` bytes off the front.
fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let count = count.min(input.len());
    let (taken, rest) = input.split_at_checked(count).unwrap_or((input, &[]));
    *input = rest;
    taken
}
