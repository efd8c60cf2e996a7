//! One writer at a time, by a `Lease`.

use std::time::{Duration, Instant};

use k8s_openapi::{
    api::coordination::v1::{Lease as Object, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Client, api::PostParams};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::apiserver::Trouble;

/// Its name.
pub(super) const NAME: &str = "dpi-agent-operator";
const WHAT: &str = "leases.coordination.k8s.io";
/// A holder that has not renewed for so long has lost it.
const DURATION: Duration = Duration::from_secs(15);
/// The holder gives up, in time before another takes over.
const GIVE_UP: Duration = Duration::from_secs(10);
const RENEW: Duration = Duration::from_secs(3);

/// The holder could not renew its lease.
#[derive(Debug, thiserror::Error)]
#[error("the lease {NAME} was lost ({0}); another operator goes on")]
pub(super) struct Lost(String);

/// The lease, held or not.
pub(super) struct Lease {
    api: Api<Object>,
    identity: String,
    begun: Instant,
    /// What was last seen of another's lease, and since when it has been the same.
    seen: Option<(Sign, Duration)>,
    held: bool,
    /// When the API server last answered.
    heard: watch::Sender<Option<Instant>>,
}

/// What changes when a holder renews. Clocks of machines differ: only whether it changes
/// is looked at, as client-go does it.
#[derive(Clone, Debug, PartialEq)]
struct Sign {
    holder: String,
    renewed: Option<MicroTime>,
}

/// Whose turn it is.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Mine,
    Anothers,
}

impl Lease {
    pub(super) fn new(client: Client, namespace: &str) -> Self {
        let host = std::env::var("POD_NAME").unwrap_or_else(|_| "dpi-agent-operator".to_owned());
        let started = Timestamp::now().as_microsecond();
        Self {
            api: Api::namespaced(client, namespace),
            identity: format!("{host}_{}_{started}", std::process::id()),
            begun: Instant::now(),
            seen: None,
            held: false,
            heard: watch::Sender::default(),
        }
    }

    /// When the API server last answered, whatever its answer was.
    pub(super) fn heard(&self) -> watch::Receiver<Option<Instant>> {
        self.heard.subscribe()
    }

    /// Waits for the lease.
    pub(super) async fn acquire(&mut self) {
        let mut told = None;
        loop {
            match self.hold().await {
                Ok(Turn::Mine) => {
                    self.held = true;
                    tracing::info!(lease = NAME, "this operator works");
                    return;
                }
                Ok(Turn::Anothers) => {}
                Err(trouble) => {
                    if told.as_ref() != Some(&trouble) {
                        tracing::warn!("the operator waits: {trouble}");
                        told = Some(trouble);
                    }
                }
            }
            sleep(RENEW).await;
        }
    }

    /// Renews the lease until that fails for too long.
    pub(super) async fn keep(&mut self) -> Lost {
        let mut renewed = self.begun.elapsed();
        loop {
            sleep(RENEW).await;
            let why = match self.hold().await {
                Ok(Turn::Mine) => {
                    renewed = self.begun.elapsed();
                    continue;
                }
                Ok(Turn::Anothers) => {
                    self.held = false;
                    return Lost("another holds it".to_owned());
                }
                Err(trouble) => trouble.to_string(),
            };
            if self.begun.elapsed().saturating_sub(renewed) >= GIVE_UP {
                self.held = false;
                return Lost(why);
            }
        }
    }

    /// Gives the lease back, so that nobody has to wait for its end.
    pub(super) async fn release(&mut self) {
        if !std::mem::take(&mut self.held) {
            return;
        }
        let release = async {
            let mut object = self.api.get(NAME).await?;
            let spec = object.spec.get_or_insert_default();
            if spec.holder_identity.as_deref() == Some(&self.identity) {
                spec.holder_identity = Some(String::new());
                self.api
                    .replace(NAME, &PostParams::default(), &object)
                    .await?;
            }
            Ok::<(), kube::Error>(())
        };
        // Then the others wait.
        let _ = timeout(RENEW, release).await;
    }

    /// Takes or renews the lease if nobody else has it.
    async fn hold(&mut self) -> Result<Turn, Trouble> {
        // A renewal that takes longer than this might come after another's turn began.
        let outcome = timeout(RENEW, self.try_hold()).await;
        if matches!(outcome, Ok(Ok(_) | Err(kube::Error::Api(_)))) {
            self.heard.send_replace(Some(Instant::now()));
        }
        match outcome {
            Ok(Ok(turn)) => Ok(turn),
            // Somebody was faster.
            Ok(Err(kube::Error::Api(status))) if status.code == 409 => Ok(Turn::Anothers),
            Ok(Err(error)) => Err(Trouble::of(&error, WHAT)),
            Err(_) => Err(Trouble::silence(WHAT, RENEW)),
        }
    }

    async fn try_hold(&mut self) -> kube::Result<Turn> {
        let now = MicroTime(Timestamp::now());
        let Some(mut object) = self.api.get_opt(NAME).await? else {
            let object = Object {
                metadata: ObjectMeta {
                    name: Some(NAME.to_owned()),
                    ..ObjectMeta::default()
                },
                spec: Some(self.spec(None, now)),
            };
            self.api.create(&PostParams::default(), &object).await?;
            return Ok(Turn::Mine);
        };
        if self.turn(object.spec.as_ref(), self.begun.elapsed()) == Turn::Anothers {
            return Ok(Turn::Anothers);
        }
        object.spec = Some(self.spec(object.spec.as_ref(), now));
        self.api
            .replace(NAME, &PostParams::default(), &object)
            .await?;
        Ok(Turn::Mine)
    }

    /// Whose turn it is at `now` (monotonic) if the lease says `spec`.
    fn turn(&mut self, spec: Option<&LeaseSpec>, now: Duration) -> Turn {
        let holder = spec
            .and_then(|s| s.holder_identity.clone())
            .unwrap_or_default();
        if holder.is_empty() || holder == self.identity {
            return Turn::Mine;
        }
        let sign = Sign {
            holder,
            renewed: spec.and_then(|s| s.renew_time.clone()),
        };
        match &self.seen {
            Some((seen, since)) if *seen == sign => {
                if now.saturating_sub(*since) >= DURATION {
                    return Turn::Mine;
                }
            }
            _ => self.seen = Some((sign, now)),
        }
        Turn::Anothers
    }

    fn spec(&self, before: Option<&LeaseSpec>, now: MicroTime) -> LeaseSpec {
        let mine = before.filter(|b| b.holder_identity.as_deref() == Some(&self.identity));
        let transitions = before.and_then(|b| b.lease_transitions).unwrap_or(0);
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: mine
                .and_then(|b| b.acquire_time.clone())
                .or(Some(now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(if mine.is_some() {
                transitions
            } else {
                transitions.saturating_add(1)
            }),
            ..LeaseSpec::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver::mock;

    #[tokio::test]
    async fn a_lease_is_taken_when_its_holder_is_silent() {
        let (client, _server) = mock::server(|_| mock::Reply::silence());
        let mut lease = Lease::new(client, "here");
        let spec = |holder: &str, renewed: i64| LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            renew_time: Some(MicroTime(Timestamp::from_second(renewed).unwrap())),
            ..LeaseSpec::default()
        };
        let mine = lease.identity.clone();
        for (held, now, turn) in [
            (None, 0, Turn::Mine),
            (Some(spec("", 1)), 0, Turn::Mine),
            (Some(spec(&mine, 1)), 0, Turn::Mine),
            (Some(spec("other", 1)), 0, Turn::Anothers),
            (Some(spec("other", 1)), 14, Turn::Anothers),
            (Some(spec("other", 2)), 15, Turn::Anothers),
            (Some(spec("other", 2)), 29, Turn::Anothers),
            (Some(spec("third", 2)), 30, Turn::Anothers),
            (Some(spec("third", 2)), 45, Turn::Mine),
        ] {
            let now = Duration::from_secs(now);
            assert_eq!(lease.turn(held.as_ref(), now), turn, "{held:?} at {now:?}");
        }
    }

    #[tokio::test]
    async fn renewing_is_no_transition() {
        let (client, _server) = mock::server(|_| mock::Reply::silence());
        let lease = Lease::new(client, "here");
        let time = |second| MicroTime(Timestamp::from_second(second).unwrap());
        let first = lease.spec(None, time(1));
        let renewed = lease.spec(Some(&first), time(2));
        assert_eq!(renewed.lease_transitions, first.lease_transitions);
        assert_eq!(renewed.acquire_time, Some(time(1)));
        assert_eq!(renewed.renew_time, Some(time(2)));
        let other = Some("other".to_owned());
        let others = LeaseSpec {
            holder_identity: other,
            ..renewed
        };
        assert_eq!(
            lease.spec(Some(&others), time(3)).lease_transitions,
            Some(2)
        );
    }
}
