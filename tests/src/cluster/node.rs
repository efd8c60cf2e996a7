//! A node: containerd, kubelet and kube-proxy in its namespace, and its pod network.

use std::{ffi::OsStr, fs, path::Path, process::Command};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    cgroups,
    layout::{Node, PAUSE, PREFIX, control_directory},
    network,
    state::Cni,
};
use crate::{kube::Programs, netns::run};

/// Where distributions and the plugins' own releases put them.
const CNI_PLUGINS: [&str; 2] = ["/usr/lib/cni", "/opt/cni/bin"];

/// The plugins' directory, if it has what is needed.
pub(super) fn cni_plugins() -> Option<&'static Path> {
    let needed = ["ptp", "bridge", "host-local"];
    let mut places = CNI_PLUGINS.iter().map(Path::new);
    places.find(|place| needed.iter().all(|name| place.join(name).is_file()))
}

/// Writes every configuration file of a node.
pub(super) fn write_configuration(node: Node, cni: Cni) -> Result<()> {
    let directory = node.directory();
    for name in ["cni", "containerd", "kubelet", "pod-logs"] {
        fs::create_dir_all(directory.join(name))?;
    }
    let plugins = cni_plugins().context("no CNI plugins")?;
    fs::write(directory.join("containerd.toml"), containerd(node, plugins))?;
    write_pod_network(node, cni)?;
    let kubelet = serde_json::to_vec_pretty(&kubelet(node))?;
    Ok(fs::write(directory.join("kubelet.json"), kubelet)?)
}

/// Says how pods are to be wired from now on: containerd watches the folder. Whole at once.
pub(super) fn write_pod_network(node: Node, cni: Cni) -> Result<()> {
    let folder = node.directory().join("cni");
    let draft = folder.join(".pods.draft");
    fs::write(&draft, serde_json::to_vec_pretty(&pod_network(node, cni))?)?;
    Ok(fs::rename(draft, folder.join("10-pods.conflist"))?)
}

/// Containerd; every container's shim is its child.
pub(super) fn containerd_command(node: Node) -> Result<Command> {
    let mut command = daemon(node, Path::new("containerd"))?;
    command
        .arg("--config")
        .arg(node.directory().join("containerd.toml"));
    Ok(command)
}

/// What runs once containerd does.
pub(super) fn later_commands(
    node: Node,
    programs: &Programs,
) -> Result<[(&'static str, Command); 2]> {
    let directory = node.directory();
    let credentials = |name: &str| control_directory().join(format!("{name}.kubeconfig"));
    let mut kubelet = daemon(node, &programs.path("kubelet"))?;
    kubelet
        .arg("--config")
        .arg(directory.join("kubelet.json"))
        .arg("--kubeconfig")
        .arg(credentials(node.name))
        .arg("--root-dir")
        .arg(directory.join("kubelet"))
        .arg("--cert-dir")
        .arg(directory.join("kubelet/pki"))
        .args(["--hostname-override", node.name])
        .args(["--node-ip", &node.address()]);
    let mut proxy = daemon(node, &programs.path("kube-proxy"))?;
    proxy
        .arg("--kubeconfig")
        .arg(credentials("kube-proxy"))
        .args(["--proxy-mode=iptables", "--hostname-override", node.name])
        // Limits of the whole machine are not ours to set.
        .args(["--conntrack-max-per-core=0"])
        .args(["--conntrack-tcp-timeout-established=0s"])
        .args(["--conntrack-tcp-timeout-close-wait=0s"])
        .args(["--metrics-bind-address=127.0.0.1:10249"])
        .arg(format!("--healthz-bind-address={}:10256", node.address()));
    Ok([("kubelet", kubelet), ("kube-proxy", proxy)])
}

/// Gives a node the images of these archives.
pub(super) fn import(node: Node, archives: &[impl AsRef<OsStr>]) -> Result<()> {
    let socket = node.socket().display().to_string();
    for archive in archives {
        let archive = archive.as_ref().to_string_lossy();
        let arguments = [
            "--address",
            &socket,
            "--namespace=k8s.io",
            "images",
            "import",
            &archive,
        ];
        run("ctr", &arguments)?;
    }
    Ok(())
}

/// Gives an image of a node another name, too.
pub(super) fn tag(node: Node, name: &str, other: &str) -> Result<()> {
    let socket = node.socket().display().to_string();
    let place = ["--address", &socket, "--namespace=k8s.io"];
    let tag = ["images", "tag", "--force", name, other];
    run("ctr", &[&place[..], &tag[..]].concat())
}

/// Whether containerd answers.
pub(super) fn containerd_answers(node: Node) -> bool {
    let socket = node.socket().display().to_string();
    let arguments = ["--address", &socket, "--connect-timeout=1s", "version"];
    run("ctr", &arguments).is_ok()
}

/// A program in the node's namespace and in the cgroup of its daemons.
fn daemon(node: Node, program: &Path) -> Result<Command> {
    let mut command = network::command(node.name, Path::new("sh"));
    command
        .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
        .arg(cgroups::daemons(node)?)
        .arg(program);
    Ok(command)
}

/// Containerd's configuration (version 2). Without `restrict_oom_score_adj` sandboxes die
/// where `CAP_SYS_RESOURCE` is missing; nothing of it may lie outside the node's directory.
fn containerd(node: Node, plugins: &Path) -> String {
    let directory = node.directory();
    let directory = directory.display();
    let (socket, plugins) = (node.socket(), plugins.display());
    let socket = socket.display();
    format!(
        r#"version = 2
root = "{directory}/containerd/root"
state = "{directory}/containerd/state"
[grpc]
address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "{directory}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
stream_server_address = "127.0.0.1"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{directory}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
Root = "{directory}/containerd/runc"
SystemdCgroup = false
"#
    )
}

/// The list of plugins that wires a pod. Its addresses are recorded in the node's directory.
fn pod_network(node: Node, cni: Cni) -> Value {
    let range = node.pod_range();
    let addresses = json!({
        "type": "host-local",
        "ranges": [[{"subnet": range}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": node.directory().join("cni-addresses"),
    });
    let plugin = match cni {
        Cni::Ptp => json!({"type": "ptp", "ipMasq": false, "ipam": addresses}),
        Cni::Bridge => json!({
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": true,
            "hairpinMode": true,
            "ipMasq": false,
            "ipam": addresses,
        }),
    };
    json!({
        "cniVersion": "0.4.0",
        "name": format!("{PREFIX}-{}", node.name),
        "plugins": [plugin],
    })
}

/// Kubelet's configuration. What it would do to a whole machine (eviction, collection of
/// images, swap, limits of local storage) is off: the machine is not its own.
fn kubelet(node: Node) -> Value {
    let directory = node.directory();
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address(),
        "healthzBindAddress": node.address(),
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": control_directory().join("ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": format!("unix://{}", node.socket().display()),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": format!("/{}", node.cgroup()),
        "failCgroupV1": false,
        "failSwapOn": false,
        "localStorageCapacityIsolation": false,
        "evictionHard": {},
        "imageGCHighThresholdPercent": 100,
        "resolvConf": "",
        "podLogsDir": directory.join("pod-logs"),
        "volumePluginDir": directory.join("kubelet/volume-plugins"),
        "nodeStatusUpdateFrequency": "4s",
        "serializeImagePulls": false,
    })
}
