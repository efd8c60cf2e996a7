//! The HTTP side.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use prometheus_client::{encoding::text::encode, registry::Registry};
use tokio::{net::TcpListener, sync::watch};

use super::names::StatusCollector;
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

/// Takes the address.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, MetricsError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| MetricsError { address, source })
}

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, status: Published) {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(status);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "metrics are not served any more");
    }
}

async fn metrics(State(status): State<Published>) -> impl IntoResponse {
    let status = Arc::clone(&status.borrow());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text(status))
}

async fn ready(State(status): State<Published>) -> impl IntoResponse {
    let status = Arc::clone(&status.borrow());
    if super::is_ready(&status) {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let why = status.problems.first().map_or("starting", String::as_str);
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
