//! Service inspectors: from the bytes of a stream to the messages of a protocol
//! and the buffers that rules name.
//!
//! One folder a protocol: its `mod.rs` is the inspector (feed, buffers), its
//! `parser.rs` turns bytes into messages and knows nothing else. `wizard` says
//! which service a flow speaks. Segments, retransmissions and time belong to
//! `stream`; rules belong to `detection`.

mod inspector;

pub use inspector::{Feed, Pdu, ServiceInspector, Verdict};
