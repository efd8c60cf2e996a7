//! The HTTP side.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use prometheus_client::{encoding::text::encode, registry::Registry};
use tokio::{net::TcpListener, sync::watch};

use super::{names::StatusCollector, ready::Ready};
use crate::node::Status;

/// Prefix of every metric.
const PREFIX: &str = "dpi_agent";

/// Why metrics cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("metrics address {address}: {source}; name a free one by --metrics")]
pub struct MetricsError {
    /// The address.
    address: SocketAddr,
    /// The system's words.
    source: std::io::Error,
}

type Published = watch::Receiver<Arc<Status>>;

#[derive(Clone)]
struct Served {
    status: Published,
    ready: Arc<Mutex<Ready>>,
}

/// Takes the address.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, MetricsError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| MetricsError { address, source })
}

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, status: Published) {
    let state = Served {
        status,
        ready: Arc::default(),
    };
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(state);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "metrics are not served any more");
    }
}

async fn metrics(State(served): State<Served>) -> impl IntoResponse {
    let status = Arc::clone(&served.status.borrow());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text(status))
}

async fn ready(State(served): State<Served>) -> impl IntoResponse {
    let status = Arc::clone(&served.status.borrow());
    let mut ready = served.ready.lock().unwrap_or_else(PoisonError::into_inner);
    let Err(missing) = ready.see(&status) else {
        return (StatusCode::OK, "ready\n".to_owned());
    };
    let api = status.api.iter().flat_map(|api| &api.problems);
    let why = status.problems.iter().chain(api).next();
    let why = why.map_or(missing, String::as_str);
    (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"))
}

/// The metrics in the text format of `OpenMetrics` 1.0.
pub(super) fn text(status: Arc<Status>) -> String {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(StatusCollector(status)));
    let mut text = String::new();
    // Writing to a string fails only where an encoder of ours does.
    if let Err(error) = encode(&mut text, &registry) {
        tracing::error!(%error, "metrics cannot be encoded");
    }
    text
}
