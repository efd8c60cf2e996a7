//! Where a pod's packets can be found on this node.
//!
//! [`Interfaces`] is a table of the links and host routes of this network namespace at
//! one moment; [`Interfaces::locate`] is a pure look-up in it. [`Changes`] tells when a
//! new table is due. Nothing here attaches anything, and no CNI is known by name.

mod cgroup;
mod locate;
mod netlink;

pub use cgroup::{CgroupId, cgroup_id};
pub use locate::{Interfaces, Link, Location, NotFound, Route};
pub use netlink::{Changes, NetlinkError, read};
