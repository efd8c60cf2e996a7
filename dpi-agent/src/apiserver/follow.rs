//! List, then watch, for ever.

use std::{fmt::Debug, pin::pin, time::Duration};

use futures_util::TryStreamExt;
use kube::{
    Client, Resource, ResourceExt,
    core::params::{ListParams, VersionMatch, WatchParams},
    core::{ObjectList, Request, WatchEvent},
};
use serde::de::DeserializeOwned;
use tokio::{sync::mpsc, time::timeout};

use super::{Backoff, REQUEST_TIMEOUT, Trouble, retry_after};

/// Objects asked for at a time.
const PAGE: u32 = 500;
/// Seconds after which the server ends a watch, and it is begun again where it ended.
const WATCH_SECONDS: u32 = 290;
/// A watch that says nothing for so long has lost its connection: API servers send a
/// bookmark every minute. Nothing is lost by beginning again too early.
const SILENCE: Duration = Duration::from_secs(100);
/// A watch that the server ends sooner than this is not begun again at once.
const SHORT: Duration = Duration::from_secs(1);

/// What a watch tells of objects.
#[derive(Clone, Debug, PartialEq)]
pub enum Update<K> {
    /// All objects follow in pages.
    Listing,
    /// Some of them.
    Page(Vec<K>),
    /// These were all; what was there before and is not among them is gone.
    Listed,
    /// One is new or has changed.
    Applied(K),
    /// One is gone.
    Deleted(K),
}

impl<K> Update<K> {
    /// The same of what `each` makes of the objects.
    pub fn map<T>(self, mut each: impl FnMut(K) -> T) -> Update<T> {
        match self {
            Self::Listing => Update::Listing,
            Self::Page(items) => Update::Page(items.into_iter().map(each).collect()),
            Self::Listed => Update::Listed,
            Self::Applied(object) => Update::Applied(each(object)),
            Self::Deleted(object) => Update::Deleted(each(object)),
        }
    }
}

/// What a watch tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// The server answers.
    Good,
    /// It has not, for so many tries.
    Failing(Trouble, u32),
}

/// How one resource is followed.
#[derive(Clone)]
pub struct Follow {
    client: Client,
    /// Path of the collection.
    path: String,
    /// Name for messages and metrics.
    what: &'static str,
    /// Field selector.
    fields: Option<String>,
    /// Only names and labels are asked for.
    metadata_only: bool,
    silence: Duration,
    backoff: Backoff,
}

/// How a watch ended.
enum End {
    /// The server ended it; the version that it had come to.
    Closed(String),
    /// What happened since is not known any more.
    Expired,
    /// It failed; the version that it had come to.
    Failed(String, Failure),
}

/// A trouble and how long the server asks to be left alone.
struct Failure {
    trouble: Trouble,
    wait: Option<Duration>,
}

impl Follow {
    /// Follows all objects of kind `K`; `what` names them in messages.
    pub fn new<K: Resource<DynamicType = ()>>(client: &Client, what: &'static str) -> Self {
        Self {
            client: client.clone(),
            path: K::url_path(&(), None),
            what,
            fields: None,
            metadata_only: false,
            silence: SILENCE,
            backoff: Backoff::USUAL,
        }
    }

    /// Only those that this field selector matches.
    #[must_use]
    pub fn fields(mut self, selector: String) -> Self {
        self.fields = Some(selector);
        self
    }

    /// Only names and labels.
    #[must_use]
    pub fn metadata_only(mut self) -> Self {
        self.metadata_only = true;
        self
    }

    /// Other times than the usual ones.
    #[cfg(test)]
    pub(crate) fn timing(mut self, silence: Duration, backoff: Backoff) -> Self {
        (self.silence, self.backoff) = (silence, backoff);
        self
    }

    /// Tells `updates` and `health` what happens, until nobody listens. `wrap` and
    /// `health` make messages of it.
    pub async fn run<K, M>(
        self,
        messages: mpsc::Sender<M>,
        wrap: impl Fn(Update<K>) -> M,
        health: impl Fn(Health) -> M,
    ) where
        K: Resource + Clone + Debug + DeserializeOwned,
    {
        let mut backoff = self.backoff;
        let mut version: Option<String> = None;
        // The first list may come from the server's cache, as client-go does it, so that a
        // thousand agents that start do not all read from etcd.
        let mut cached = true;
        while !messages.is_closed() {
            let outcome = match version.take() {
                None => match self.list(cached, &messages, &wrap).await {
                    Ok(listed) => {
                        version = Some(listed);
                        Ok(())
                    }
                    Err(failure) => Err(failure),
                },
                Some(from) => {
                    let good = || health(Health::Good);
                    let end = self.watch(from, &messages, &wrap, good, &mut backoff).await;
                    match end {
                        End::Closed(at) => {
                            version = Some(at);
                            Ok(())
                        }
                        End::Expired => {
                            cached = false;
                            Ok(())
                        }
                        End::Failed(at, failure) => {
                            version = Some(at);
                            Err(failure)
                        }
                    }
                }
            };
            if let Err(failure) = outcome {
                let wait = backoff.failed();
                let failing = Health::Failing(failure.trouble, backoff.failures());
                if messages.send(health(failing)).await.is_err() {
                    return;
                }
                tokio::time::sleep(failure.wait.unwrap_or_default().max(wait)).await;
            }
        }
    }

    /// Gives all objects; the version that they are of.
    async fn list<K, M>(
        &self,
        cached: bool,
        messages: &mpsc::Sender<M>,
        wrap: &impl Fn(Update<K>) -> M,
    ) -> Result<String, Failure>
    where
        K: Resource + Clone + Debug + DeserializeOwned,
    {
        let gone = |_| self.unheard();
        messages.send(wrap(Update::Listing)).await.map_err(gone)?;
        let mut params = ListParams {
            field_selector: self.fields.clone(),
            limit: Some(PAGE),
            ..ListParams::default()
        };
        if cached {
            params.limit = None;
            params.resource_version = Some("0".to_owned());
            params.version_match = Some(VersionMatch::NotOlderThan);
        }
        loop {
            let list: ObjectList<K> = self.page(&params).await?;
            messages
                .send(wrap(Update::Page(list.items)))
                .await
                .map_err(gone)?;
            let more = list.metadata.continue_.filter(|token| !token.is_empty());
            if more.is_some() {
                params.continue_token = more;
                continue;
            }
            messages.send(wrap(Update::Listed)).await.map_err(gone)?;
            return Ok(list.metadata.resource_version.unwrap_or_default());
        }
    }

    async fn page<K: Clone + DeserializeOwned>(
        &self,
        params: &ListParams,
    ) -> Result<ObjectList<K>, Failure> {
        let request = Request::new(&self.path);
        let request = if self.metadata_only {
            request.list_metadata(params)
        } else {
            request.list(params)
        };
        let request = request.map_err(|e| self.failure(&kube::Error::BuildRequest(e)))?;
        match timeout(REQUEST_TIMEOUT, self.client.request(request)).await {
            Ok(answer) => answer.map_err(|e| self.failure(&e)),
            Err(_) => Err(self.silent(REQUEST_TIMEOUT)),
        }
    }

    /// Follows what happens after version `from`.
    async fn watch<K, M>(
        &self,
        from: String,
        messages: &mpsc::Sender<M>,
        wrap: &impl Fn(Update<K>) -> M,
        good: impl Fn() -> M,
        backoff: &mut Backoff,
    ) -> End
    where
        K: Resource + Clone + Debug + DeserializeOwned,
    {
        let mut at = from;
        let begun = tokio::time::Instant::now();
        let params = WatchParams {
            field_selector: self.fields.clone(),
            timeout: Some(WATCH_SECONDS),
            ..WatchParams::default()
        };
        let request = Request::new(&self.path);
        let request = if self.metadata_only {
            request.watch_metadata(&params, &at)
        } else {
            request.watch(&params, &at)
        };
        let request = match request {
            Ok(request) => request,
            Err(error) => return End::Failed(at, self.failure(&kube::Error::BuildRequest(error))),
        };
        let stream = match timeout(REQUEST_TIMEOUT, self.client.request_events::<K>(request)).await
        {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return self.ended(at, &error),
            Err(_) => return End::Failed(at, self.silent(REQUEST_TIMEOUT)),
        };
        backoff.succeeded();
        if messages.send(good()).await.is_err() {
            return End::Closed(at);
        }
        let mut stream = pin!(stream);
        loop {
            let event = match timeout(self.silence, stream.try_next()).await {
                Ok(Ok(Some(event))) => event,
                Ok(Ok(None)) => {
                    // A server that ends every watch at once would be asked without pause.
                    if begun.elapsed() < SHORT {
                        tokio::time::sleep(SHORT).await;
                    }
                    return End::Closed(at);
                }
                Ok(Err(error)) => return self.ended(at, &error),
                Err(_) => return End::Failed(at, self.silent(self.silence)),
            };
            let update = match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    note(&object, &mut at);
                    Update::Applied(object)
                }
                WatchEvent::Deleted(object) => {
                    note(&object, &mut at);
                    Update::Deleted(object)
                }
                WatchEvent::Bookmark(bookmark) => {
                    at = bookmark.metadata.resource_version;
                    continue;
                }
                WatchEvent::Error(status) => return self.ended(at, &kube::Error::Api(status)),
            };
            if messages.send(wrap(update)).await.is_err() {
                return End::Closed(at);
            }
        }
    }

    fn ended(&self, at: String, error: &kube::Error) -> End {
        match error {
            kube::Error::Api(status) if status.code == 410 || status.reason == "Expired" => {
                End::Expired
            }
            error => End::Failed(at, self.failure(error)),
        }
    }

    fn failure(&self, error: &kube::Error) -> Failure {
        Failure {
            trouble: Trouble::of(error, self.what),
            wait: retry_after(error),
        }
    }

    /// The agent ends; this is told to nobody.
    fn unheard(&self) -> Failure {
        Failure {
            trouble: Trouble::Other {
                what: self.what,
                message: "nobody listens".to_owned(),
            },
            wait: None,
        }
    }

    fn silent(&self, waited: Duration) -> Failure {
        Failure {
            trouble: Trouble::silence(self.what, waited),
            wait: None,
        }
    }
}

fn note(object: &impl ResourceExt, at: &mut String) {
    if let Some(version) = object.resource_version() {
        *at = version;
    }
}
