//! The HTTP/1 inspector.

use super::{Feed, Pdu, ServiceInspector, Verdict};

/// Reader of one HTTP/1 connection.
#[derive(Debug, Default)]
pub struct Http;

impl ServiceInspector for Http {
    fn service(&self) -> &'static str {
        "http"
    }

    fn feed(&mut self, _feed: &Feed<'_>, _emit: &mut dyn FnMut(&Pdu<'_>)) -> Verdict {
        Verdict::Abandon("http_not_built")
    }

    fn gap(&mut self, _to_server: bool, _lost: u64, _emit: &mut dyn FnMut(&Pdu<'_>)) -> Verdict {
        Verdict::Abandon("http_not_built")
    }

    fn finish(&mut self, _to_server: bool, _emit: &mut dyn FnMut(&Pdu<'_>)) {}

    fn memory(&self) -> usize {
        0
    }
}
