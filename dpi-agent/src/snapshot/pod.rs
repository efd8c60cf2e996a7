//! A pod as far as inspection is concerned.

use std::{
    fmt,
    net::{AddrParseError, IpAddr},
};

use k8s_openapi::api::core::v1;
use serde::{Deserialize, Serialize};

use super::{Labels, ObjectError};

/// Names the pod's host-side interface, for nodes where it cannot be found from the
/// pod's addresses.
pub const INTERFACE_ANNOTATION: &str = "dpi-agent.dev/interface";
/// Names the pod's cgroup, as `/proc/PID/cgroup` shows it, for nodes where it cannot be
/// found from the pod's UID.
pub const CGROUP_ANNOTATION: &str = "dpi-agent.dev/cgroup";

/// Identity of a pod for its life. Files that name no UID get `namespace/name` instead,
/// which no UID of an API server can be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PodUid(pub String);

impl fmt::Display for PodUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// Identity.
    pub uid: PodUid,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// The pod's own labels.
    pub labels: Labels,
    /// Name of its service account.
    pub service_account: Option<String>,
    /// Node that it is bound to.
    pub node: Option<String>,
    /// Its addresses, the primary one first.
    pub ips: Vec<IpAddr>,
    /// It uses its node's network and addresses.
    pub host_network: bool,
    /// It succeeded or failed: it is not inspected, and its addresses may be another's.
    pub finished: bool,
    /// Its host-side interface, if an annotation names it.
    #[serde(skip)]
    pub interface: Option<InterfaceName>,
    /// Its cgroup, if an annotation names it.
    #[serde(skip)]
    pub cgroup: Option<CgroupPath>,
}

/// Whether `dpi-agent.dev/` annotations count. On an API server whoever may write a pod
/// may write them, and could point the agent at an interface of the node; so only
/// files that the node's administrator wrote are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Annotations {
    /// The source is the administrator's.
    Honour,
    /// The source is an API server.
    Ignore,
}

impl Pod {
    /// Reads what matters from a Kubernetes pod.
    pub fn from_object(object: &v1::Pod, annotations: Annotations) -> Result<Self, ObjectError> {
        let namespace = object.metadata.namespace.clone().unwrap_or_default();
        let name = object.metadata.name.clone().unwrap_or_default();
        let own = format!("{namespace}/{name}");
        let uid = PodUid(object.metadata.uid.clone().unwrap_or(own));
        let spec = object.spec.as_ref();
        let hint = |key: &str| match annotations {
            Annotations::Honour => object.metadata.annotations.as_ref()?.get(key),
            Annotations::Ignore => None,
        };
        Ok(Self {
            uid,
            namespace,
            name,
            labels: object.metadata.labels.clone().unwrap_or_default(),
            service_account: spec.and_then(|s| s.service_account_name.clone()),
            node: spec.and_then(|s| s.node_name.clone()),
            ips: addresses(object.status.as_ref())?,
            host_network: spec.and_then(|s| s.host_network).unwrap_or(false),
            finished: is_finished(object.status.as_ref()),
            interface: hint(INTERFACE_ANNOTATION)
                .map(|name| InterfaceName::new_checked(name))
                .transpose()?,
            cgroup: hint(CGROUP_ANNOTATION)
                .map(|path| CgroupPath::new_checked(path))
                .transpose()?,
        })
    }

    /// Addresses that this pod alone has.
    pub fn own_ips(&self) -> &[IpAddr] {
        if self.finished || self.host_network {
            &[]
        } else {
            &self.ips
        }
    }
}

/// `podIP` and `podIPs`, each address once.
fn addresses(status: Option<&v1::PodStatus>) -> Result<Vec<IpAddr>, ObjectError> {
    let Some(status) = status else {
        return Ok(Vec::new());
    };
    let all = status.pod_ips.iter().flatten().map(|ip| ip.ip.as_str());
    let mut ips = Vec::new();
    for text in status.pod_ip.as_deref().into_iter().chain(all) {
        let ip = text
            .parse()
            .map_err(|source: AddrParseError| ObjectError::Address {
                text: text.to_owned(),
                source,
            })?;
        if !ips.contains(&ip) {
            ips.push(ip);
        }
    }
    Ok(ips)
}

fn is_finished(status: Option<&v1::PodStatus>) -> bool {
    let phase = status.and_then(|s| s.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// Name of a network interface, as the kernel would accept it (`dev_valid_name`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InterfaceName(String);

impl InterfaceName {
    /// `IFNAMSIZ` less the closing zero.
    pub const MAX: usize = 15;

    /// `name`, unless no interface can have it.
    pub fn new_checked(name: &str) -> Result<Self, HintError> {
        let refused = |c: char| c == '/' || c == ':' || c == '\0' || c.is_ascii_whitespace();
        if name.is_empty()
            || name.len() > Self::MAX
            || matches!(name, "." | "..")
            || name.contains(refused)
        {
            return Err(HintError::Interface(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Path of a cgroup below the root of the cgroup v2 hierarchy, beginning with `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CgroupPath(String);

impl CgroupPath {
    /// `path` as `/proc/PID/cgroup` shows it; the usual mount point before it is taken away.
    /// The root is refused: every process is below it, the agent too.
    pub fn new_checked(path: &str) -> Result<Self, HintError> {
        let refused = || HintError::Cgroup(path.to_owned());
        let below = path.strip_prefix("/sys/fs/cgroup").unwrap_or(path);
        let names = below.strip_prefix('/').ok_or_else(refused)?;
        let names = names.strip_suffix('/').unwrap_or(names);
        let odd = |name: &str| matches!(name, "" | "." | "..") || name.contains('\0');
        if names.split('/').any(odd) {
            return Err(refused());
        }
        Ok(Self(format!("/{names}")))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CgroupPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An annotation that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HintError {
    /// Not an interface's name.
    #[error(
        "annotation {INTERFACE_ANNOTATION}: {0:?} is not an interface name; \
         write the host-side name, 1 to 15 characters without space, `/` or `:`"
    )]
    Interface(String),
    /// Not a cgroup's path.
    #[error(
        "annotation {CGROUP_ANNOTATION}: {0:?} is not the path of a workload's cgroup; \
         write it as /proc/PID/cgroup shows it, for example /kubepods/pod1"
    )]
    Cgroup(String),
}
