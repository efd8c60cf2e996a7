//! A pod to its interfaces or cgroup, by tables alone.

use std::net::IpAddr;

use super::table::{Interfaces, Link};
use crate::snapshot::{CgroupPath, Pod};

/// Where a pod's packets pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// All that pass these interfaces are the pod's; one at least.
    Interfaces(Vec<Nic>),
    /// The pod shares the node's interfaces; its processes are in this cgroup.
    Cgroup(CgroupPath),
}

/// This node's end of one of a pod's network interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nic {
    /// Its number.
    pub ifindex: u32,
    /// Its name.
    pub name: String,
}

/// Why a pod's packets cannot be found, with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// The annotated interface does not exist.
    #[error(
        "interface {0}, named by the annotation dpi-agent.dev/interface, does not exist on this \
         node; correct the annotation or make the interface"
    )]
    Named(String),
    /// The pod's processes are in a namespace that no link of this node leads to.
    #[error(
        "no interface of this node leads to the pod (macvlan, ipvlan and SR-IOV bypass it); \
         inspection needs a network plugin that gives the pod a veth"
    )]
    NoPeer,
    /// The pod has no address yet, and no process in a network of its own.
    #[error(
        "the pod has neither an address nor a process in its own network here yet; it is \
         inspected as soon as it has"
    )]
    Starting,
    /// No process of the pod is visible, and no address leads to an interface of its own.
    #[error(
        "no process of the pod is visible, and neither a route to {} alone nor a bridge leads to \
         an interface; run the agent with hostPID: true, or name the pod's host-side interface \
         by the annotation dpi-agent.dev/interface",
        join(ips)
    )]
    NoHostRoute {
        /// The pod's addresses.
        ips: Vec<IpAddr>,
    },
    /// A pod on the node's network whose cgroup is not known.
    #[error(
        "the pod uses its node's network and its cgroup is not visible; run the agent with \
         hostPID: true and the node's /sys/fs/cgroup mounted, or name the cgroup by the \
         annotation dpi-agent.dev/cgroup"
    )]
    HostNetwork,
    /// Another pod is behind the same interface.
    #[error("interface {name} is pod {other}'s already; give each pod an interface of its own")]
    Shared {
        /// The interface.
        name: String,
        /// The pod that was there first.
        other: String,
    },
    /// The cgroup cannot be looked up.
    #[error("cgroup {path}: {message}; correct the annotation dpi-agent.dev/cgroup")]
    Cgroup {
        /// Its path.
        path: String,
        /// The system's words.
        message: String,
    },
}

impl NotFound {
    /// A process may come, or enter another namespace, that nothing gives notice of, and
    /// then the pod is found.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Starting
            | Self::NoPeer
            | Self::NoHostRoute { .. }
            | Self::HostNetwork
            | Self::Cgroup { .. } => true,
            Self::Named(_) | Self::Shared { .. } => false,
        }
    }
}

impl Interfaces {
    /// Where `pod`'s packets pass. What its annotations say comes first; then every link
    /// whose other end is where its processes are; then, where no process is visible, the
    /// host route to one of its addresses, or the bridge's port that it is behind.
    pub fn locate(&self, pod: &Pod) -> Result<Location, NotFound> {
        if let Some(name) = &pod.interface {
            let name = name.as_str();
            let ifindex = self.named(name);
            let ifindex = ifindex.ok_or_else(|| NotFound::Named(name.to_owned()))?;
            let name = name.to_owned();
            return Ok(Location::Interfaces(vec![Nic { ifindex, name }]));
        }
        if let Some(cgroup) = &pod.cgroup {
            return Ok(Location::Cgroup(cgroup.clone()));
        }
        let known = self.pod(&pod.uid);
        if pod.host_network {
            let cgroup = known.and_then(|known| known.cgroup.clone());
            return cgroup.map(Location::Cgroup).ok_or(NotFound::HostNetwork);
        }
        match known.map(|known| known.namespaces.as_slice()) {
            None | Some([]) => self.by_address(&pod.ips),
            Some(namespaces) => self.by_namespace(namespaces, &pod.ips),
        }
    }

    /// Not every process of a pod need be in its network: the runtime's own may be in the
    /// node's (conmon), which has no number here. The oldest that a link leads to decides.
    /// A pod's first process is in the node's too, until the runtime moves it (runc init).
    fn by_namespace(&self, namespaces: &[i32], ips: &[IpAddr]) -> Result<Location, NotFound> {
        for &namespace in namespaces {
            let nics: Vec<Nic> = self.links_to(namespace).map(Nic::from).collect();
            if !nics.is_empty() {
                return Ok(Location::Interfaces(nics));
            }
        }
        Err(match ips {
            [] => NotFound::Starting,
            _ => NotFound::NoPeer,
        })
    }

    fn by_address(&self, ips: &[IpAddr]) -> Result<Location, NotFound> {
        let link = self.routed(ips).or_else(|| self.bridged(ips));
        match link {
            Some(link) => Ok(Location::Interfaces(vec![Nic::from(link)])),
            None if ips.is_empty() => Err(NotFound::Starting),
            None => Err(NotFound::NoHostRoute { ips: ips.to_vec() }),
        }
    }
}

impl From<&Link> for Nic {
    fn from(link: &Link) -> Self {
        Self {
            ifindex: link.ifindex,
            name: link.name.clone(),
        }
    }
}

fn join(ips: &[IpAddr]) -> String {
    let texts: Vec<String> = ips.iter().map(ToString::to_string).collect();
    texts.join(" or ")
}
