//! Names for addresses that the snapshot does not know: pods of other nodes, and Services.
//!
//! `cache` remembers what the cluster said, also that it knows nothing; `ask` asks it, at
//! most five times a second and one address at a time. Nothing here waits for an answer.

mod ask;
mod cache;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, sync::Arc, time::Instant};

use dpi_api::alert::Endpoint;
use kube::Client;
use tokio::sync::mpsc;

use ask::Answer;
use cache::Cache;

/// Addresses that may wait to be asked about.
const QUEUE: usize = 64;

/// A name, or `None` where the cluster knows none.
pub(super) type Name = Option<Arc<Endpoint>>;

/// What is known of an address.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// Its name, or that it has none.
    Known(Name),
    /// The cluster is being asked.
    Asked,
    /// Too many are being asked about.
    Refused,
}

/// Names of addresses.
#[derive(Debug)]
pub struct Peers {
    cache: Cache,
    questions: mpsc::Sender<IpAddr>,
    answers: mpsc::Receiver<(IpAddr, Answer)>,
    look_ups: u64,
}

impl Peers {
    /// Asks by this client.
    pub fn start(client: Client) -> Self {
        let (questions, asked) = mpsc::channel(QUEUE);
        let (answer, answers) = mpsc::channel(QUEUE);
        tokio::spawn(ask::run(client, asked, answer));
        Self {
            cache: Cache::default(),
            questions,
            answers,
            look_ups: 0,
        }
    }

    /// What is known of `ip`; asks if nothing is.
    pub(super) fn look_up(&mut self, ip: IpAddr, now: Instant) -> Found {
        if let Some(found) = self.cache.get(ip, now) {
            return found;
        }
        if self.questions.try_send(ip).is_err() {
            return Found::Refused;
        }
        self.look_ups += 1;
        self.cache.asked(ip, now);
        Found::Asked
    }

    /// What is known of `ip` without asking.
    pub(super) fn known(&self, ip: IpAddr, now: Instant) -> Option<Name> {
        match self.cache.get(ip, now)? {
            Found::Known(name) => Some(name),
            Found::Asked | Found::Refused => None,
        }
    }

    /// Waits for the next answer.
    pub(super) async fn answered(&mut self) {
        match self.answers.recv().await {
            Some((ip, answer)) => self.cache.answered(ip, answer, Instant::now()),
            // The task that asks is gone: nothing is answered any more.
            None => std::future::pending().await,
        }
    }

    /// Addresses asked about so far.
    pub(super) fn look_ups(&self) -> u64 {
        self.look_ups
    }
}
