//! From the enricher to every sink, waiting a moment for the name of the other end.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use dpi_api::alert::{AlertRecord, End, Endpoint, Peer};
use tokio::time::sleep_until;

use super::{
    peers::{Found, Peers},
    sink::Sink,
};

/// Longest wait for a name.
pub(super) const WAIT: Duration = Duration::from_millis(500);
/// Alerts that may wait; one that finds the queue full leaves without the name.
pub(super) const WAITING: usize = 1024;

/// The way of alerts to the sinks.
pub struct Dispatch {
    sinks: Vec<Box<dyn Sink>>,
    peers: Option<Peers>,
    waiting: VecDeque<Waiting>,
    unresolved: u64,
}

struct Waiting {
    record: AlertRecord,
    peer: IpAddr,
    until: Instant,
}

impl Dispatch {
    /// To these sinks; `peers` names ends that the snapshot does not know.
    pub fn new(sinks: Vec<Box<dyn Sink>>, peers: Option<Peers>) -> Self {
        Self {
            sinks,
            peers,
            waiting: VecDeque::new(),
            unresolved: 0,
        }
    }

    /// Sends an alert on its way: at once where both ends are named or nobody can name
    /// them, else when the name is known or the time is up.
    pub fn take(&mut self, mut record: AlertRecord, now: Instant) {
        let (Some(peers), Some(peer)) = (&mut self.peers, nameless(&record)) else {
            return self.write(&record);
        };
        match peers.look_up(peer, now) {
            Found::Known(name) => {
                fill(&mut record, name.as_ref());
                self.write(&record);
            }
            Found::Asked if self.waiting.len() < WAITING => {
                let until = now + WAIT;
                self.waiting.push_back(Waiting {
                    record,
                    peer,
                    until,
                });
            }
            Found::Asked | Found::Refused => self.leave_unresolved(record),
        }
    }

    /// Waits until there is something to [`settle`](Self::settle).
    pub async fn next(&mut self) {
        let until = self.waiting.front().map(|waiting| waiting.until);
        let deadline = async {
            match until {
                Some(until) => sleep_until(until.into()).await,
                None => std::future::pending().await,
            }
        };
        match &mut self.peers {
            Some(peers) => tokio::select! {
                () = peers.answered() => {}
                () = deadline => {}
            },
            None => deadline.await,
        }
    }

    /// Sends on what has its name by now or waited long enough.
    pub fn settle(&mut self, now: Instant) {
        for mut waiting in std::mem::take(&mut self.waiting) {
            let known = self.peers.as_ref().and_then(|p| p.known(waiting.peer, now));
            match known {
                Some(name) => {
                    fill(&mut waiting.record, name.as_ref());
                    self.write(&waiting.record);
                }
                None if waiting.until <= now => self.leave_unresolved(waiting.record),
                None => self.waiting.push_back(waiting),
            }
        }
    }

    /// Sends on everything, named or not.
    pub fn flush(&mut self) {
        for waiting in std::mem::take(&mut self.waiting) {
            self.leave_unresolved(waiting.record);
        }
    }

    fn leave_unresolved(&mut self, mut record: AlertRecord) {
        self.unresolved += 1;
        if let Some(named) = &mut record.kubernetes {
            named.peer = Some(Peer::Unresolved);
        }
        self.write(&record);
    }

    fn write(&mut self, record: &AlertRecord) {
        for sink in &mut self.sinks {
            sink.write(record);
        }
    }

    /// Alerts that left without the name of the other end though the cluster may know it.
    pub fn unresolved(&self) -> u64 {
        self.unresolved
    }

    /// Names asked of the cluster so far.
    pub fn look_ups(&self) -> u64 {
        self.peers.as_ref().map_or(0, Peers::look_ups)
    }

    /// Alerts written, by sink.
    pub fn written(&self) -> BTreeMap<&'static str, u64> {
        self.sinks.iter().map(|s| (s.name(), s.written())).collect()
    }

    /// Alerts lost, by sink.
    pub fn dropped(&self) -> BTreeMap<&'static str, u64> {
        self.sinks.iter().map(|s| (s.name(), s.dropped())).collect()
    }

    /// Whatever else the sinks count.
    pub fn counters(&self) -> BTreeMap<&'static str, BTreeMap<&'static str, u64>> {
        let each = self.sinks.iter().map(|s| (s.name(), s.counters()));
        each.filter(|(_, counters)| !counters.is_empty()).collect()
    }
}

/// The other end's address, if it has no name and could have one.
fn nameless(record: &AlertRecord) -> Option<IpAddr> {
    let named = record.kubernetes.as_ref()?;
    let (name, ip) = match named.inspected {
        End::Src => (&named.dest, record.dest_ip),
        End::Dest => (&named.src, record.src_ip),
    };
    let nobody = ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_multicast()
        || match ip {
            IpAddr::V4(ip) => ip.is_broadcast() || ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unicast_link_local(),
        };
    (name.is_none() && !nobody).then_some(ip)
}

fn fill(record: &mut AlertRecord, name: Option<&Arc<Endpoint>>) {
    let Some(named) = &mut record.kubernetes else {
        return;
    };
    named.peer = Some(match name {
        None => Peer::Unknown,
        Some(name) if name.service.is_some() => Peer::Service,
        Some(_) => Peer::Pod,
    });
    let name = name.map(|name| Endpoint::clone(name));
    match named.inspected {
        End::Src => named.dest = name,
        End::Dest => named.src = name,
    }
}
