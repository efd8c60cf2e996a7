//! Memory that the supervisor makes and the worker writes.
//!
//! Each piece is a memfd sealed against growing and shrinking, so that neither side can
//! make the other fault, and holds nothing but 64-bit atomics. It is not a channel:
//! messages go over the socket.

mod books;
mod counters;
mod cursor;
mod words;

pub use books::RingBooks;
pub use counters::{Counter, CounterPage};
pub use cursor::{InProgress, Progress, RingCursor};
pub use words::SharedError;
