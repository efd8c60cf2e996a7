//! Where alerts go.

use std::collections::BTreeMap;

use dpi_api::alert::AlertRecord;

/// An output with a bounded queue before it. Nothing waits for it: what finds the queue
/// full is counted and gone.
pub trait Sink: Send {
    /// In one word, for metrics.
    fn name(&self) -> &'static str;

    /// Takes an alert, or counts it as dropped.
    fn write(&mut self, record: &AlertRecord);

    /// Alerts written so far.
    fn written(&self) -> u64;

    /// Alerts lost so far: the queue was full, or the output failed.
    fn dropped(&self) -> u64;

    /// Anything else that it counts, by name.
    fn counters(&self) -> BTreeMap<&'static str, u64> {
        BTreeMap::new()
    }
}
