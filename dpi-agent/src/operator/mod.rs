//! The role `operator`: it installs the agents, and folds what they report into the status of
//! each `DeepPacketInspection`.
//!
//! One operator works at a time (`lease`); any number may wait. `fold` is a pure function
//! of an inspection and the nodes' reports; `controller` follows both and writes what has
//! changed, state within a second, counters once a minute. Agents never write an
//! inspection's status, and this never writes a node's report. `agents` keeps the agents'
//! `DaemonSet` as the `IntrusionDetection` asks for it; `probes` answers the kubelet.

mod agents;
mod controller;
mod fold;
mod lease;
mod probes;

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use kube::Client;
use tokio::signal::unix::{SignalKind, signal};

use crate::apiserver::connect;
use lease::Lease;

/// Options of `operator`.
#[derive(Clone, Debug, Args)]
#[expect(clippy::doc_markdown, reason = "it is printed as help")]
pub struct Options {
    /// How the API server is reached; without it by the service account of the pod.
    #[arg(long, value_name = "FILE", env = "KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,
    /// Namespace of the lease by which operators take turns [default: that of the pod or
    /// the kubeconfig].
    #[arg(long, value_name = "NAME", env = "POD_NAMESPACE")]
    pub namespace: Option<String>,
    /// Name of the operator's own pod. Agents are installed as the IntrusionDetection
    /// tigera-secure asks for them, and run this pod's image. Without it, and without
    /// --agent-image, none are: they are started by others.
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    pub pod: Option<String>,
    /// Another image for the agents.
    #[arg(long, value_name = "NAME:TAG")]
    pub agent_image: Option<String>,
    /// Serve /healthz and /readyz here, for example 0.0.0.0:8081.
    #[arg(long, value_name = "ADDR:PORT")]
    pub probes: Option<SocketAddr>,
}

/// Folds until `SIGTERM` or `SIGINT`, or until the lease is lost: a process that cannot
/// renew it must not write any more, and begins anew.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let client = connect(options.kubeconfig.as_deref()).await?;
    let namespace = options.namespace;
    let namespace = namespace.unwrap_or_else(|| client.default_namespace().to_owned());
    let mut lease = Lease::new(client.clone(), &namespace);
    let heard = lease.heard();
    let probes = async {
        match options.probes {
            Some(address) => probes::serve(address, heard).await,
            None => std::future::pending().await,
        }
    };
    let install = async |client: Client| {
        let image = match (options.agent_image, options.pod) {
            (Some(image), _) => image,
            (None, Some(pod)) => agents::own_image(&client, &namespace, &pod).await,
            (None, None) => std::future::pending().await,
        };
        agents::run(client, image, namespace).await;
    };
    let work = async {
        lease.acquire().await;
        tokio::select! {
            lost = lease.keep() => Err(anyhow::Error::from(lost)),
            () = controller::run(client.clone()) => Ok(()),
            () = install(client) => Ok(()),
        }
    };
    let outcome = tokio::select! {
        outcome = work => outcome,
        outcome = probes => outcome,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    lease.release().await;
    outcome
}

#[cfg(test)]
mod tests;
