//! Alerts that must come, and what may come beside them.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use dpi_tests::lab::Alert;

/// Signature ids of the starter rules begin here.
const STARTER: u32 = 9_000_000;

/// Who sends what to whom, and which alerts follow.
pub(crate) struct Step {
    /// What a person reads.
    pub(crate) title: &'static str,
    /// The pod that sends.
    pub(crate) from: &'static str,
    /// The pod that is asked.
    pub(crate) to: &'static str,
    /// Path of the request.
    pub(crate) path: &'static str,
    /// Further arguments of curl.
    pub(crate) curl: &'static [&'static str],
    /// Starter rule that finds it; `None`: nothing to find.
    pub(crate) sid: Option<u32>,
    /// Inspected pods among the two: each gives an alert of its own.
    pub(crate) inspected: &'static [&'static str],
}

/// Pod, peer, whether the pod received it, signature id.
type Key = (String, String, bool, u32);

impl Step {
    fn wanted(&self) -> BTreeMap<Key, usize> {
        let sid = self.sid.into_iter();
        sid.flat_map(|sid| {
            self.inspected.iter().map(move |pod| {
                let to_pod = *pod == self.to;
                let peer = if to_pod { self.from } else { self.to };
                (((*pod).to_owned(), peer.to_owned(), to_pod, sid), 1)
            })
        })
        .collect()
    }

    /// The starter rules' alerts must be those wanted, each once. What other rules find is
    /// theirs to say, but only of an attack, at the inspected ends, and the same at each.
    pub(crate) fn judge(&self, alerts: &[Alert]) -> Result<()> {
        let mut found: BTreeMap<Key, usize> = BTreeMap::new();
        let mut others: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for alert in alerts {
            if alert.sid >= STARTER {
                let key = (
                    alert.pod.clone(),
                    alert.peer.clone(),
                    alert.to_pod,
                    alert.sid,
                );
                *found.entry(key).or_default() += 1;
            } else {
                others.entry(alert.sid).or_default().push(&alert.pod);
            }
        }
        let wanted = self.wanted();
        if found != wanted {
            bail!("expected {wanted:?}, and found {found:?}");
        }
        for (sid, mut pods) in others {
            pods.sort_unstable();
            pods.dedup();
            let mut inspected = self.inspected.to_vec();
            inspected.sort_unstable();
            if self.sid.is_none() || pods != inspected {
                bail!("rule {sid} alerts at {pods:?}, where {inspected:?} are inspected");
            }
        }
        Ok(())
    }
}
