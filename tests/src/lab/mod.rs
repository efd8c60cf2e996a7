//! A node in a network namespace, with pods wired to it as a CNI does and the agent beside
//! them: what the demo shows and the node tests measure.
//!
//! Everything is real but the API server: namespaces, routed veths, the agent's two
//! processes, the kernel's programs. All of it is gone when a [`Lab`] is dropped.

mod agent;
mod harm;
mod manifest;
mod node;
mod observed;
mod outside;
mod pod;
mod tls;
mod traffic;

pub use agent::{Agent, AgentOptions};
pub use harm::Harm;
pub use manifest::{inspection, pod_manifest};
pub(crate) use node::agent_path;
pub use node::{Lab, unavailable};
pub use observed::{Alert, Status};
pub use outside::{NODE_ADDRESS, OUTSIDE_ADDRESS, UPLINK};
pub use pod::{Pod, Server};
pub use tls::TlsTalk;
pub use traffic::{Bulk, HttpServer, UdpStream, http_request, http_request_from};

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Looks every two milliseconds until `ready`, and says how long that took.
pub fn wait_for(
    what: &str,
    limit: Duration,
    mut ready: impl FnMut() -> Result<bool>,
) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        if ready()? {
            return Ok(begun.elapsed());
        }
        if begun.elapsed() > limit {
            bail!("{what}: not within {} ms", limit.as_millis());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
