//! A real API server for tests: etcd and kube-apiserver on loopback, gone with the value.
//!
//! [`ApiServer`] is the fixture. `programs` finds the binaries, `pki` makes certificates,
//! `kubeconfig` files for clients, `daemon` starts and stops processes, `control_plane`
//! knows the options of the servers. No kubelet runs here and no controller: what those
//! do needs [`crate::cluster`], which is made of the same parts.

mod api_server;
pub(crate) mod control_plane;
pub(crate) mod daemon;
pub(crate) mod kubeconfig;
mod kubectl;
pub(crate) mod pki;
pub(crate) mod programs;

pub use api_server::ApiServer;
pub use kubectl::Kubectl;
pub use programs::{MissingPrograms, Programs};
