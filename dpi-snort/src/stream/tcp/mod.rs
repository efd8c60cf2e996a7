//! TCP: which bytes of a segment are new and in order, when a connection opens and ends.
//!
//! `session` follows both ends and gives a `verdict` on each segment, `half` one direction, `segments` is the pure queue of what came
//! too early, in a `tree` of the kernel's shape, `flow` all that is remembered of a flow.
//! Overlaps, windows, timestamps, acknowledgements, resets and urgent bytes are judged as Linux
//! judges them. Payload is never copied here unless it came out
//! of order.

mod flow;
mod half;
mod options;
mod segments;
mod session;
mod tree;
mod verdict;

pub use flow::{SegmentHeaders, TcpFlow};
pub use half::{Data, Half};
pub(crate) use options::window_shift;
pub use segments::Segments;
pub use session::{Phase, TcpSession};
pub use verdict::{SegmentVerdict, Unfit};
