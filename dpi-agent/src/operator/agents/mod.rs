//! The agents' `DaemonSet`, as the `IntrusionDetection` named tigera-secure asks for it.
//!
//! `installation` is that object, understood or not; `render` makes the objects, a pure
//! function; `resources` judges quantities, `conditions` says how the installation is, `image`
//! which image agents run; `first` makes the tigera-secure of a fresh installation; `apply`
//! applies an object on the server's side; `keeper` keeps all of them so, and writes the
//! status. All of them are owned by tigera-secure: when it goes, the cluster collects them,
//! with or without an operator.

mod apply;
mod conditions;
mod daemonset;
mod first;
mod image;
mod installation;
mod keeper;
mod problem;
mod render;
mod resources;

pub(super) use image::own as own_image;
pub(super) use keeper::run;

#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod tests;
