//! Header compression (RFC 7541): blocks of one direction into fields.
//!
//! The table is bounded, what a block may unfold to as well: a field of the table costs
//! its sender one byte each time, and two limits keep that from becoming work without end
//! (the size of a header section, and a ratio over the whole connection).

mod huffman;
mod table;

use std::sync::Arc;

use crate::config::Config;

use table::{DynamicTable, STATIC};

/// Decoder of one direction of a connection.
#[derive(Debug)]
pub(super) struct Decoder {
    table: DynamicTable,
    /// A block was lost: older fields of the table are not known any more.
    damaged: bool,
    /// Bytes of blocks.
    received: usize,
    /// Bytes taken from the table.
    unfolded: usize,
}

/// The fields of a block.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) list: Vec<(Vec<u8>, Vec<u8>)>,
    /// Bytes of names and values.
    size: usize,
    /// The label of a limit that kept fields out.
    pub(super) limit_hit: Option<&'static str>,
}

/// Why a block cannot be read. The connection is of no use to its ends any more (RFC 9113
/// §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HpackError {
    #[error("the block ends inside a field")]
    Truncated,
    #[error("an integer of more than 32 bits")]
    Integer,
    #[error("no field has index {0}")]
    Index(usize),
    #[error("a Huffman code that ends wrongly")]
    Huffman,
    #[error("a table of {size} bytes, more than http2_max_table ({limit})")]
    TableSize { size: usize, limit: usize },
}

/// Bytes taken from the table from which on the ratio counts.
const RATIO_FROM: usize = 1 << 20;

impl Decoder {
    pub(super) fn new() -> Decoder {
        Decoder {
            table: DynamicTable::new(),
            damaged: false,
            received: 0,
            unfolded: 0,
        }
    }

    /// Reads a whole block.
    pub(super) fn decode(&mut self, block: &[u8], config: &Config) -> Result<Fields, HpackError> {
        self.received = self.received.saturating_add(block.len());
        let mut fields = Fields::default();
        let mut input = block;
        while let Some(first) = input.first() {
            match first {
                0x80.. => self.indexed(&mut input, &mut fields, config)?,
                0x40..=0x7F => self.literal(&mut input, 6, &mut fields, config)?,
                0x20..=0x3F => {
                    let size = integer(&mut input, 5)?;
                    let limit = config.http2_max_table;
                    if size > limit {
                        return Err(HpackError::TableSize { size, limit });
                    }
                    self.table.resize(size);
                }
                _ => self.literal(&mut input, 4, &mut fields, config)?,
            }
        }
        Ok(fields)
    }

    /// A block never came. What later blocks add is still found; what they take from
    /// before is left out.
    pub(super) fn lose_block(&mut self) {
        self.damaged = true;
        self.table.clear();
    }

    pub(super) fn memory(&self) -> usize {
        self.table.memory()
    }

    /// RFC 7541 §6.1: name and value of the table.
    fn indexed(
        &mut self,
        input: &mut &[u8],
        fields: &mut Fields,
        config: &Config,
    ) -> Result<(), HpackError> {
        let index = integer(input, 7)?;
        let (name, value): (&[u8], &[u8]) = match lookup(&self.table, index) {
            Some((Name::Static(name), value)) => (name.as_bytes(), value),
            Some((Name::Dynamic(name), value)) => (name, value),
            None if self.damaged => return Ok(()),
            None => return Err(HpackError::Index(index)),
        };
        let size = name.len() + value.len();
        if self.unfolded.saturating_add(size) > self.allowed(config) {
            fields.limit_hit = Some("http2_unfold_ratio");
            return Ok(());
        }
        if fields.push(name, value, config) {
            self.unfolded += size;
        }
        Ok(())
    }

    /// RFC 7541 §6.2: a value of its own, and a name of its own or of the table.
    fn literal(
        &mut self,
        input: &mut &[u8],
        prefix: u32,
        fields: &mut Fields,
        config: &Config,
    ) -> Result<(), HpackError> {
        let is_kept = prefix == 6;
        let index = integer(input, prefix)?;
        let name: Arc<[u8]> = if index == 0 {
            string(input)?.into()
        } else {
            match lookup(&self.table, index) {
                Some((Name::Static(name), _)) => name.as_bytes().into(),
                Some((Name::Dynamic(name), _)) => Arc::clone(name),
                None if self.damaged => Arc::default(),
                None => return Err(HpackError::Index(index)),
            }
        };
        let value = string(input)?;
        let unfolded = if index == 0 { 0 } else { name.len() };
        if self.unfolded.saturating_add(unfolded) > self.allowed(config) {
            // The value was sent and is looked at, though nameless.
            fields.limit_hit = Some("http2_unfold_ratio");
            fields.push(b"", &value, config);
        } else if fields.push(&name, &value, config) {
            self.unfolded += unfolded;
        }
        if is_kept {
            self.table.insert(name, &value);
        }
        Ok(())
    }

    /// Bytes that may have been taken from the table by now.
    fn allowed(&self, config: &Config) -> usize {
        let ratio = self.received.saturating_mul(config.decompress_ratio);
        ratio.max(RATIO_FROM)
    }
}

impl Fields {
    /// Adds a field if the limits of a header section allow it.
    fn push(&mut self, name: &[u8], value: &[u8], config: &Config) -> bool {
        let size = self.size + name.len() + value.len();
        if self.list.len() >= config.http_max_header_lines {
            self.limit_hit = Some("http_max_header_lines");
            return false;
        }
        if size > config.http_max_headers {
            self.limit_hit = Some("http_max_headers");
            return false;
        }
        self.size = size;
        self.list.push((name.to_vec(), value.to_vec()));
        true
    }
}

enum Name<'t> {
    Static(&'static str),
    Dynamic(&'t Arc<[u8]>),
}

/// RFC 7541 §2.3.3: the static table first, then the dynamic one.
fn lookup(table: &DynamicTable, index: usize) -> Option<(Name<'_>, &[u8])> {
    let at = index.checked_sub(1)?;
    if let Some((name, value)) = STATIC.get(at) {
        return Some((Name::Static(name), value.as_bytes()));
    }
    let (name, value) = table.get(at.checked_sub(STATIC.len())?)?;
    Some((Name::Dynamic(name), value))
}

/// RFC 7541 §5.1: an integer that begins in the low `prefix` bits of the first byte.
fn integer(input: &mut &[u8], prefix: u32) -> Result<usize, HpackError> {
    let mask = (1u8 << prefix) - 1;
    let first = take_byte(input)? & mask;
    let mut value = u64::from(first);
    if first < mask {
        return Ok(usize::from(first));
    }
    for shift in (0..35).step_by(7) {
        let byte = take_byte(input)?;
        value += u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            let value = u32::try_from(value).map_err(|_| HpackError::Integer)?;
            return usize::try_from(value).map_err(|_| HpackError::Integer);
        }
    }
    Err(HpackError::Integer)
}

/// RFC 7541 §5.2.
fn string(input: &mut &[u8]) -> Result<Vec<u8>, HpackError> {
    let is_coded = input.first().is_some_and(|first| first & 0x80 != 0);
    let length = integer(input, 7)?;
    let (bytes, rest) = input
        .split_at_checked(length)
        .ok_or(HpackError::Truncated)?;
    *input = rest;
    if !is_coded {
        return Ok(bytes.to_vec());
    }
    let mut output = Vec::with_capacity(length.saturating_mul(3) / 2);
    if huffman::decode(bytes, &mut output) {
        Ok(output)
    } else {
        Err(HpackError::Huffman)
    }
}

fn take_byte(input: &mut &[u8]) -> Result<u8, HpackError> {
    let (first, rest) = input.split_first().ok_or(HpackError::Truncated)?;
    *input = rest;
    Ok(*first)
}

#[cfg(test)]
mod tests;
