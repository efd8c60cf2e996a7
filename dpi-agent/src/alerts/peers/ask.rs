//! The task that asks the cluster.

use std::{net::IpAddr, sync::Arc, time::Duration};

use dpi_api::alert::Endpoint;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::{
    Api, Client,
    api::{ListParams, VersionMatch},
};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::apiserver::Trouble;

/// Time between two requests: five a second.
const PACE: Duration = Duration::from_millis(200);
/// An answer that comes later helps nobody.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the cluster says of an address.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// Who has it.
    Named(Arc<Endpoint>),
    /// Nobody that it knows.
    Nameless,
    /// It did not answer.
    Failed,
}

/// Asks until nobody wants to know.
pub(super) async fn run(
    client: Client,
    mut questions: mpsc::Receiver<IpAddr>,
    answers: mpsc::Sender<(IpAddr, Answer)>,
) {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = None;
    while let Some(ip) = questions.recv().await {
        pace.tick().await;
        let mut answer = pod(&client, ip).await;
        if let Ok(Answer::Nameless) = answer {
            pace.tick().await;
            answer = service(&client, ip).await;
        }
        let answer = answer.unwrap_or_else(|trouble| {
            if told.as_ref() != Some(&trouble) {
                tracing::warn!("the ends of alerts are not all named: {trouble}");
                told = Some(trouble);
            }
            Answer::Failed
        });
        if answers.send((ip, answer)).await.is_err() {
            return;
        }
    }
}

/// The pod that has `ip` for itself.
async fn pod(client: &Client, ip: IpAddr) -> Result<Answer, Trouble> {
    let api: Api<Pod> = Api::all(client.clone());
    let pods = list(&api, &format!("status.podIP={ip}"), "pods").await?;
    let mut owners = pods.into_iter().filter(|pod| {
        let own_network = pod.spec.as_ref().and_then(|s| s.host_network) != Some(true);
        let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
        own_network && !matches!(phase, Some("Succeeded" | "Failed"))
    });
    // Two owners cannot both be right: it names neither, rather than the wrong one.
    let (Some(pod), None) = (owners.next(), owners.next()) else {
        return Ok(Answer::Nameless);
    };
    let spec = pod.spec.unwrap_or_default();
    Ok(Answer::Named(Arc::new(Endpoint {
        namespace: pod.metadata.namespace.unwrap_or_default(),
        pod: pod.metadata.name.unwrap_or_default(),
        service: None,
        pod_uid: pod.metadata.uid,
        node: spec.node_name,
        labels: pod.metadata.labels.unwrap_or_default(),
        service_account: spec.service_account_name,
    })))
}

/// The Service whose cluster address `ip` is.
async fn service(client: &Client, ip: IpAddr) -> Result<Answer, Trouble> {
    let api: Api<Service> = Api::all(client.clone());
    let mut services = list(&api, &format!("spec.clusterIP={ip}"), "services").await?;
    let Some(service) = services.pop() else {
        return Ok(Answer::Nameless);
    };
    Ok(Answer::Named(Arc::new(Endpoint {
        namespace: service.metadata.namespace.unwrap_or_default(),
        pod: String::new(),
        service: service.metadata.name,
        pod_uid: None,
        node: None,
        labels: service.metadata.labels.unwrap_or_default(),
        service_account: None,
    })))
}

async fn list<K>(api: &Api<K>, fields: &str, what: &'static str) -> Result<Vec<K>, Trouble>
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    // From the server's cache: an address is older than the traffic that it sent. No limit: a
    // cache does not page, and kube leaves the version out of a request with one. An address
    // has a finished pod or two besides its own; a node's has its pods on the node's network.
    let params = ListParams {
        field_selector: Some(fields.to_owned()),
        resource_version: Some("0".to_owned()),
        version_match: Some(VersionMatch::NotOlderThan),
        ..ListParams::default()
    };
    match timeout(PATIENCE, api.list(&params)).await {
        Ok(Ok(list)) => Ok(list.items),
        Ok(Err(error)) => Err(Trouble::of(&error, what)),
        Err(_) => Err(Trouble::silence(what, PATIENCE)),
    }
}
