//! What the cluster asks an operator's pod.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::{net::TcpListener, sync::watch};

/// The lease is asked for every three seconds, by the one that works and by those that wait.
const SILENCE: Duration = Duration::from_secs(30);

/// When the API server last answered about the lease.
pub(super) type Heard = watch::Receiver<Option<Instant>>;

/// Serves `/healthz` (it runs; what cannot go on ends by itself) and `/readyz` (the API server
/// answers it, whether it works or waits for its turn) until the process ends.
pub(super) async fn serve(address: SocketAddr, heard: Heard) -> Result<()> {
    let listener = TcpListener::bind(address).await;
    let listener = listener
        .with_context(|| format!("probes address {address}: name a free one by --probes"))?;
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(heard);
    Ok(axum::serve(listener, router).await?)
}

async fn ready(State(heard): State<Heard>) -> (StatusCode, &'static str) {
    judge(*heard.borrow(), Instant::now())
}

fn judge(heard: Option<Instant>, now: Instant) -> (StatusCode, &'static str) {
    match heard {
        Some(at) if now.saturating_duration_since(at) <= SILENCE => (StatusCode::OK, "ready\n"),
        Some(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the API server has not answered for 30 s\n",
        ),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the API server has not answered yet\n",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_ready_while_the_api_server_answers() {
        let now = Instant::now();
        for (heard, later, ready) in [
            (None, 0, false),
            (Some(now), 0, true),
            (Some(now), 30, true),
            (Some(now), 31, false),
        ] {
            let (code, _) = judge(heard, now + Duration::from_secs(later));
            assert_eq!(code.is_success(), ready, "{heard:?} after {later} s");
        }
    }
}
