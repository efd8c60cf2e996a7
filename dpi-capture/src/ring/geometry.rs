//! How a ring is laid out: blocks and their size.

/// Blocks of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    block_size: u32,
    blocks: u32,
}

impl Geometry {
    /// 1 MiB: a BIG TCP packet of 512 KiB fits whole, of 128 KiB blocks half were cut.
    pub const BLOCK_SIZE: u32 = 1 << 20;

    /// `block_size` a power of two from 4 KiB to 16 MiB, at least two blocks, at most
    /// 4 GiB in all; else `None`.
    pub fn new_checked(block_size: u32, blocks: u32) -> Option<Geometry> {
        let fits = u64::from(block_size) * u64::from(blocks) <= 4 << 30;
        let sane = block_size.is_power_of_two() && (4 << 10..=16 << 20).contains(&block_size);
        (fits && sane && blocks >= 2).then_some(Geometry { block_size, blocks })
    }

    /// The largest ring of [`Geometry::BLOCK_SIZE`] blocks within `bytes`; two blocks at least.
    pub fn within(bytes: u64) -> Geometry {
        let blocks = (bytes / u64::from(Geometry::BLOCK_SIZE)).clamp(2, 4096);
        Geometry {
            block_size: Geometry::BLOCK_SIZE,
            blocks: u32::try_from(blocks).unwrap_or(2),
        }
    }

    /// Bytes a block.
    pub fn block_size(self) -> u32 {
        self.block_size
    }

    /// Number of blocks.
    pub fn blocks(self) -> u32 {
        self.blocks
    }

    /// Bytes of the whole ring.
    pub fn bytes(self) -> usize {
        self.block_size as usize * self.blocks as usize
    }
}
