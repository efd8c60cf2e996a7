//! A message body, section by section: decompressed, its text turned to bytes, its
//! form parts taken apart.

use crate::{
    config::Config,
    file_types::{FileDefinitions, FileTypes},
    service_inspectors::mime::MimeReader,
};

use super::decoder::{Decoded, Decoder};

/// How a body is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::service_inspectors) enum Coding {
    #[default]
    Identity,
    Gzip,
    /// RFC 9110 §8.4.1.2 means zlib; what some servers send is bare deflate.
    Deflate,
    /// RFC 7932.
    Brotli,
}

/// How a body's text is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::service_inspectors) enum Charset {
    /// One byte a character, or left alone.
    #[default]
    Bytes,
    Utf16 {
        big: bool,
    },
    Utf32 {
        big: bool,
    },
}

/// What one body section gives to the rules.
#[derive(Clone, Copy, Debug)]
pub(in crate::service_inspectors) struct Section<'a> {
    /// The bytes, decompressed: `pkt_data`, `http_raw_body`, and `http_client_body` with
    /// its escapes.
    pub(in crate::service_inspectors) body: &'a [u8],
    /// `file_data`, where it is not the same.
    pub(in crate::service_inspectors) file_data: Option<&'a [u8]>,
    /// Whether `body` has been given before, with another part of the form.
    pub(in crate::service_inspectors) repeated: bool,
    /// What the file is that `file_data` continues; `None` if it begins there.
    pub(in crate::service_inspectors) file: Option<FileTypes>,
    /// What makes it one of a type.
    pub(in crate::service_inspectors) definitions: &'a FileDefinitions,
}

/// Reader of one direction's bodies, one after the other.
#[derive(Debug, Default)]
pub(in crate::service_inspectors) struct Body {
    /// Bytes of an unfinished section.
    pending: Vec<u8>,
    decoder: Option<Decoder>,
    charset: Charset,
    /// Bytes of a character cut by the section's end.
    carry: Vec<u8>,
    multipart: Option<MimeReader>,
    /// What the file under way is, once bytes of it were given out.
    file: Option<FileTypes>,
    compressed: usize,
    decompressed: usize,
    limit_hit: Option<&'static str>,
    /// A decoder met what it could not read.
    is_damaged: bool,
}

/// Compressed bytes given to a decoder at once: an inflater makes at most 1 MiB of them.
const STEP: usize = 1 << 10;
/// Decompressed bytes of one section.
const DECOMPRESSED_SECTION: usize = 64 << 10;
/// Decompressed bytes from which on the ratio counts: short runs may exceed it.
const RATIO_FROM: usize = 1 << 20;

type Sink<'s> = &'s mut dyn FnMut(Section<'_>);

impl Body {
    /// Begins a body.
    pub(in crate::service_inspectors) fn start(
        &mut self,
        coding: Coding,
        charset: Charset,
        multipart: Option<MimeReader>,
    ) {
        let limit_hit = self.limit_hit.take();
        let is_damaged = self.is_damaged;
        *self = Body {
            pending: std::mem::take(&mut self.pending),
            decoder: Decoder::new(coding),
            charset,
            multipart,
            limit_hit,
            is_damaged,
            ..Body::default()
        };
        self.pending.clear();
    }

    /// Takes body bytes; `last` if the body is known to end with them. Gives out whole
    /// sections of `http_body_section` bytes, and the last one whatever its size.
    pub(in crate::service_inspectors) fn push(
        &mut self,
        mut data: &[u8],
        last: bool,
        config: &Config,
        sink: Sink<'_>,
    ) {
        let size = config.http_body_section.max(1);
        while !data.is_empty() {
            let room = size.saturating_sub(self.pending.len());
            let taken = data.len().min(room);
            let (now, rest) = data.split_at_checked(taken).unwrap_or((data, &[]));
            data = rest;
            let ends = last && data.is_empty();
            if self.pending.is_empty() && (ends || now.len() == size) {
                // Wholly inside the segment: no copy.
                self.section(now, ends, config, sink);
                continue;
            }
            self.pending.extend_from_slice(now);
            if ends || self.pending.len() >= size {
                let pending = std::mem::take(&mut self.pending);
                self.section(&pending, ends, config, sink);
                self.pending = pending;
                self.pending.clear();
            }
        }
    }

    /// Bytes are missing here: what came before them is given out, as contents do not reach
    /// over a gap, and what comes after is of no use to a decoder.
    pub(in crate::service_inspectors) fn gap(&mut self, config: &Config, sink: Sink<'_>) {
        if !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            self.section(&pending, false, config, sink);
        }
        self.decoder = None;
        self.carry = Vec::new();
        // Of a file whose beginning is missing nothing is known.
        self.file.get_or_insert_default();
    }

    /// The body is over: gives out what is left of it.
    pub(in crate::service_inspectors) fn finish(&mut self, config: &Config, sink: Sink<'_>) {
        if !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            self.section(&pending, true, config, sink);
        }
        self.decoder = None;
        self.multipart = None;
        self.file = None;
        self.charset = Charset::Bytes;
        self.carry = Vec::new();
        self.pending = Vec::new();
    }

    /// Whether a body could not be decompressed since the last call.
    pub(super) fn take_damaged(&mut self) -> bool {
        std::mem::take(&mut self.is_damaged)
    }

    /// The label of a limit hit since the last call.
    pub(in crate::service_inspectors) fn limit_hit(&mut self) -> Option<&'static str> {
        self.limit_hit.take()
    }

    pub(in crate::service_inspectors) fn memory(&self) -> usize {
        self.pending.capacity()
            + self.decoder.as_ref().map_or(0, Decoder::memory)
            + self.multipart.as_ref().map_or(0, MimeReader::memory)
    }

    fn section(&mut self, data: &[u8], ends: bool, config: &Config, sink: Sink<'_>) {
        let Some(mut decoder) = self.decoder.take() else {
            return self.text(data, ends, config, sink);
        };
        let mut output = Vec::new();
        let mut steps = data.chunks(STEP);
        let mut consumed = 0;
        let mut broken = false;
        'steps: for step in &mut steps {
            let mut left = step;
            self.compressed += step.len();
            loop {
                let decoded = decoder.write(&mut left, &mut output, config);
                let is_too_much = self.decompressed + output.len() > self.allowed(config);
                if is_too_much || decoded == Decoded::OutOfMemory {
                    self.limit_hit = Some("http_decompress");
                }
                self.is_damaged |= decoded == Decoded::Damaged;
                if is_too_much || matches!(decoded, Decoded::Damaged | Decoded::OutOfMemory) {
                    broken = true;
                    break 'steps;
                }
                while output.len() >= DECOMPRESSED_SECTION {
                    let rest = output.split_off(DECOMPRESSED_SECTION);
                    self.decompressed += output.len();
                    self.text(&output, false, config, sink);
                    output = rest;
                }
                if decoded == Decoded::All {
                    break;
                }
            }
            consumed += step.len();
        }
        self.decompressed += output.len();
        if broken {
            // What is left is searched as it came: a body may be mislabelled, and its
            // damaged or excessive rest may still hold an attack in the clear.
            if self.decompressed == 0 {
                consumed = 0;
            }
            output.extend_from_slice(data.get(consumed..).unwrap_or_default());
        } else {
            self.decoder = Some(decoder);
        }
        if !output.is_empty() {
            self.text(&output, ends, config, sink);
        }
    }

    /// Decompressed bytes that the body may have had by now.
    fn allowed(&self, config: &Config) -> usize {
        let ratio = self.compressed.saturating_mul(config.decompress_ratio);
        config.decompress_output.min(ratio.max(RATIO_FROM))
    }

    /// Text encoding and form parts of a decompressed section.
    fn text(&mut self, body: &[u8], ends: bool, config: &Config, sink: Sink<'_>) {
        let definitions = &*config.file_definitions;
        if let Some(multipart) = &mut self.multipart {
            let parts = multipart.read(body, ends);
            let mut section = Section {
                body,
                file_data: Some(&[]),
                repeated: false,
                file: None,
                definitions,
            };
            for part in &parts {
                if part.begins {
                    self.file = Some(definitions.of(&part.bytes));
                }
                section.file_data = Some(&part.bytes);
                section.file = self.file;
                sink(section);
                section.repeated = true;
            }
            if parts.is_empty() {
                sink(section);
            }
            return;
        }
        let converted = match self.charset {
            Charset::Bytes => None,
            Charset::Utf16 { big } => Some(self.narrow(body, 2, big)),
            Charset::Utf32 { big } => Some(self.narrow(body, 4, big)),
        };
        let file = self.file;
        if file.is_none() && !ends {
            let data = converted.as_deref().unwrap_or(body);
            self.file = Some(definitions.of(data)).filter(|_| !data.is_empty());
        }
        sink(Section {
            body,
            file_data: converted.as_deref(),
            repeated: false,
            file,
            definitions,
        });
    }

    /// Characters of `width` bytes to one byte each; what has none becomes `?`.
    fn narrow(&mut self, body: &[u8], width: usize, big: bool) -> Vec<u8> {
        let mut input = std::mem::take(&mut self.carry);
        input.extend_from_slice(body);
        let units = input.chunks_exact(width);
        self.carry = units.remainder().to_vec();
        units
            .map(|unit| {
                let fold = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
                let value = if big {
                    unit.iter().fold(0, fold)
                } else {
                    unit.iter().rev().fold(0, fold)
                };
                u8::try_from(value).unwrap_or(b'?')
            })
            .collect()
    }
}
