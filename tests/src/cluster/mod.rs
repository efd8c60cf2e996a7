//! A real two-node Kubernetes on this machine, without virtual machines, Docker or a
//! registry: each machine of it is a network namespace.
//!
//! [`up`] brings it up, [`down`] takes it down, [`Cluster`] is one that runs: what
//! scenarios are played on. `layout` says what is where, `network`, `cgroups`, `image`,
//! `control_plane` and `node` make the parts, `up` and `down` put them in order; `pods`,
//! `installation` and `shipped` are what scenarios put on it, `traffic` goes between pods. What
//! is host-wide begins with `dpi-cluster`; all else is below one directory.

mod agent;
mod agents;
mod cgroups;
mod control_plane;
mod down;
mod image;
mod installation;
mod layout;
mod network;
mod node;
mod pods;
mod running;
mod shipped;
mod state;
mod traffic;
mod up;

pub use agent::{NodeAgent, Objects, Operator};
pub use agents::{AgentProcess, Agents};
pub use down::down;
pub use image::write_rules_image;
pub use installation::Installation;
pub use layout::{NODES, STATE_DIR};
pub use pods::{PodSpec, RunningPod};
pub use running::{Cluster, Rewired, TestCluster};
pub use shipped::Shipped;
pub use state::Cni;
pub use traffic::{Losses, PodTraffic};
pub use up::{Options, up};

/// Told what is being done, line by line.
pub type Progress<'a> = &'a mut dyn FnMut(&str);
