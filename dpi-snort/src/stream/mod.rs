//! From packets to byte streams: IP defragmentation and TCP reassembly.
//!
//! The workloads are Linux, so both follow the Linux kernel. Nothing here knows what the bytes
//! mean; `service_inspectors` takes them in order. All that is held back, waiting for a missing
//! piece, is charged to one `Budget`.

mod budget;
mod defrag;
mod piece;
mod reader;
mod runs;
pub mod tcp;
#[cfg(test)]
mod tests;

pub use budget::Budget;
pub use defrag::{Contradiction, Datagram, Defragmenter, FragmentVerdict};
pub use piece::{Piece, ReaderContext};
pub use reader::Reader;
