//! Service inspectors: from the bytes of a stream to the messages of a protocol
//! and the buffers that rules name.
//!
//! One folder a protocol: its `mod.rs` is the inspector (feed, buffers), its
//! `parser.rs` turns bytes into messages and knows nothing else. `wizard` says
//! which service a flow speaks. Segments, retransmissions and time belong to
//! `stream`; rules belong to `detection`.

pub mod http;
mod inspector;
pub mod wizard;

pub use inspector::{Feed, Pdu, ServiceInspector, Verdict};
pub use wizard::{Identification, Wizard};

/// A fresh inspector for a flow of this service, from its first byte or from
/// mid-stream; `None` if the service has none and its flows stay plain streams.
pub fn inspector_for(service: &str) -> Option<Box<dyn ServiceInspector>> {
    match service {
        "http" => Some(Box::new(http::Http::default())),
        _ => None,
    }
}
