//! Where a pod's packets can be found on this node, whatever the network plugin.
//!
//! [`Reader`] reads `table` ([`Interfaces`]): the links, routes and neighbours of this
//! network namespace at one moment, and which links lead to which pod. `process` finds a
//! pod's processes by their cgroups, `netlink` asks the kernel, `dump` understands its
//! answers, `locate` looks a pod up ([`Interfaces::locate`], pure), `cgroup` finds those
//! of pods on the node's own network, `sockets` the ports that they wait at. [`Changes`] tells when a new table is due. Nothing
//! here attaches anything or enters a namespace, and no plugin is known by name.

mod cgroup;
mod dump;
mod locate;
mod netlink;
mod process;
mod sockets;
mod table;
#[cfg(test)]
mod tests;

pub use cgroup::{CgroupId, cgroup_id, own_cgroup, within};
pub use dump::{Reader, read};
pub use locate::{Location, Nic, NotFound};
pub use netlink::{Changes, NetlinkError};
pub use sockets::bound_ports;
pub use table::{Forwarding, Interfaces, Link, Neighbour, PodNetwork, Route};
