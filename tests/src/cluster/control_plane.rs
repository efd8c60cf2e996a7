//! The control plane's machine: etcd, API server, controllers, scheduler.

use std::{fs, process::Command};

use anyhow::Result;

use super::{
    layout::{
        API_PORT, CONTROL, CONTROL_ADDRESS, Node, POD_RANGE, control_directory, namespace_path,
    },
    network,
};
use crate::kube::{Kubectl, Programs, control_plane::ControlPlane, pki::Authority};

/// Where the servers listen.
pub(super) fn servers(directory: &std::path::Path) -> ControlPlane<'_> {
    ControlPlane {
        directory,
        address: CONTROL_ADDRESS,
        port: API_PORT,
        etcd_ports: (2379, 2380),
        has_nodes: true,
    }
}

/// `kubectl` as administrator, in the control plane's namespace.
pub(super) fn kubectl(programs: &Programs) -> Kubectl {
    let network = namespace_path(CONTROL);
    servers(&control_directory()).kubectl(programs, Some(&network))
}

/// Makes certificates and a kubeconfig for everyone. Nodes and components have the names
/// that RBAC's own roles are bound to.
pub(super) fn write_identities() -> Result<()> {
    let directory = control_directory();
    fs::create_dir_all(&directory)?;
    let servers = servers(&directory);
    let authority = Authority::new("dpi-cluster authority")?;
    servers.write_identities(&authority)?;
    for component in ["kube-controller-manager", "kube-scheduler", "kube-proxy"] {
        let user = format!("system:{component}");
        servers.write_kubeconfig(&authority, component, &user, None)?;
    }
    for node in Node::all() {
        let user = format!("system:node:{}", node.name);
        servers.write_kubeconfig(&authority, node.name, &user, Some("system:nodes"))?;
    }
    Ok(())
}

/// The store and the API server.
pub(super) fn first(programs: &Programs) -> [(&'static str, Command); 2] {
    let directory = control_directory();
    let servers = servers(&directory);
    let mut etcd = network::command(CONTROL, &programs.path("etcd"));
    servers.etcd(&mut etcd);
    let mut api_server = network::command(CONTROL, &programs.path("kube-apiserver"));
    servers.api_server(&mut api_server);
    [("etcd", etcd), ("kube-apiserver", api_server)]
}

/// What needs an API server.
pub(super) fn second(programs: &Programs) -> [(&'static str, Command); 2] {
    let directory = control_directory();
    let component = |name: &str| {
        let mut command = network::command(CONTROL, &programs.path(name));
        command
            .arg("--kubeconfig")
            .arg(directory.join(format!("{name}.kubeconfig")))
            .args(["--bind-address=127.0.0.1", "--leader-elect=false"]);
        command
    };
    let mut controllers = component("kube-controller-manager");
    controllers
        .arg("--service-account-private-key-file")
        .arg(directory.join("service-accounts.key"))
        .arg("--root-ca-file")
        .arg(directory.join("ca.crt"))
        .args([
            "--use-service-account-credentials=true",
            "--cluster-cidr",
            POD_RANGE,
        ]);
    [
        ("kube-controller-manager", controllers),
        ("kube-scheduler", component("kube-scheduler")),
    ]
}
