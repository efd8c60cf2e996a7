//! Captures cut anew: the same bytes of every TCP stream in other segments, in another
//! order, repeated, or in fragments of IP; and captures with packets missing.
//!
//! `segment` finds a TCP segment within a frame and makes pieces of it, `way` says how a
//! capture is cut. What alerts before must alert after: an attacker chooses how a stream is
//! cut. Frames that are no plain TCP segment pass as they are.

mod loss;
mod segment;
mod way;

pub use self::{
    loss::{Loss, lose},
    way::{Recut, Way},
};
