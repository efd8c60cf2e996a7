//! Programs that a build, the tests or the demo call, and the package each comes in.

use crate::process;

/// A program and what it is for.
pub(crate) struct Program {
    /// Its name on the PATH.
    pub(crate) name: &'static str,
    /// The Debian and Ubuntu package.
    pub(crate) package: &'static str,
    /// Why it is needed.
    pub(crate) purpose: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program {
        name: "cc",
        package: "build-essential",
        purpose: "compiles PCRE2",
    },
    Program {
        name: "c++",
        package: "build-essential",
        purpose: "links bpf-linker and the fuzz targets",
    },
    Program {
        name: "ip",
        package: "iproute2",
        purpose: "network namespaces of tests and demo",
    },
    Program {
        name: "nsenter",
        package: "util-linux",
        purpose: "programs within these namespaces",
    },
    Program {
        name: "ethtool",
        package: "ethtool",
        purpose: "offload settings in tests",
    },
    Program {
        name: "curl",
        package: "curl",
        purpose: "attacks of the demo; downloads",
    },
    Program {
        name: "python3",
        package: "python3",
        purpose: "web servers of the demo",
    },
];

/// What the clusters of tests need besides the programs of Kubernetes.
const CLUSTER_PROGRAMS: &[Program] = &[
    Program {
        name: "etcd",
        package: "etcd-server",
        purpose: "store of the API server in tests and `cluster`",
    },
    Program {
        name: "containerd",
        package: "containerd",
        purpose: "containers of `cluster`",
    },
    Program {
        name: "runc",
        package: "runc",
        purpose: "containers of `cluster`",
    },
    // Plugins are not on the PATH; an absolute path is looked for as it stands.
    Program {
        name: "/usr/lib/cni/ptp",
        package: "containernetworking-plugins",
        purpose: "pod network of `cluster`",
    },
    Program {
        name: "iptables",
        package: "iptables",
        purpose: "Services of `cluster`",
    },
    Program {
        name: "conntrack",
        package: "conntrack",
        purpose: "Services of `cluster`",
    },
    Program {
        name: "busybox",
        package: "busybox-static",
        purpose: "image of the pods of `cluster`",
    },
];

/// Programs that are not on the PATH.
pub(crate) fn missing() -> Vec<&'static Program> {
    absent(PROGRAMS)
}

/// The same for what clusters need.
pub(crate) fn missing_for_clusters() -> Vec<&'static Program> {
    absent(CLUSTER_PROGRAMS)
}

fn absent(programs: &'static [Program]) -> Vec<&'static Program> {
    programs
        .iter()
        .filter(|program| !process::exists(program.name))
        .collect()
}
