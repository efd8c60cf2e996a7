//! The machines' network: a namespace each, all wired to one bridge.

use std::{path::Path, process::Command};

use anyhow::Result;

use super::layout::{CONTROL, CONTROL_ADDRESS, Node, SWITCH, namespace, namespace_path};
use crate::{kube::control_plane::SERVICE_RANGE, netns::run};

/// The machines with their addresses.
fn machines() -> Vec<(&'static str, String)> {
    let control = (CONTROL, CONTROL_ADDRESS.to_owned());
    let nodes = Node::all().map(|node| (node.name, node.address()));
    std::iter::once(control).chain(nodes).collect()
}

/// Makes the namespaces, the bridge, and the routes to each node's pods.
pub(super) fn make() -> Result<()> {
    add(SWITCH)?;
    ip(SWITCH, "link add br0 type bridge")?;
    ip(SWITCH, "link set br0 up")?;
    for (machine, address) in machines() {
        add(machine)?;
        let switch = namespace(SWITCH);
        ip(
            machine,
            &format!("link add eth0 type veth peer name {machine} netns {switch}"),
        )?;
        ip(SWITCH, &format!("link set {machine} master br0 up"))?;
        ip(machine, &format!("addr add {address}/24 dev eth0"))?;
        ip(machine, "link set eth0 up")?;
    }
    for (machine, _) in machines() {
        for node in Node::all().filter(|node| node.name != machine) {
            let (range, gateway) = (node.pod_range(), node.address());
            ip(machine, &format!("route add {range} via {gateway}"))?;
        }
    }
    for node in Node::all() {
        sysctl(node.name, "net.ipv4.ip_forward=1")?;
        // Whither does not matter: kube-proxy writes another address over it. But what a
        // pod on the node's own network sends needs a route to begin with.
        let route = format!("route add {SERVICE_RANGE} via {CONTROL_ADDRESS}");
        ip(node.name, &route)?;
    }
    Ok(())
}

/// Deletes the namespaces; those that are not there are no error.
pub(super) fn remove() -> Result<()> {
    let machines = machines().into_iter().map(|(machine, _)| machine);
    for machine in machines.chain([SWITCH]) {
        if namespace_path(machine).exists() {
            run("ip", &["netns", "del", &namespace(machine)])?;
        }
    }
    Ok(())
}

/// A command on a machine of the cluster. Not `ip netns exec`, which mounts another /sys
/// and so hides the cgroups.
pub(super) fn command(machine: &str, program: &Path) -> Command {
    let mut command = Command::new("nsenter");
    let mut net = std::ffi::OsString::from("--net=");
    net.push(namespace_path(machine));
    command.arg(net).arg("--").arg(program);
    command
}

fn add(machine: &str) -> Result<()> {
    run("ip", &["netns", "add", &namespace(machine)])?;
    ip(machine, "link set lo up")
}

/// `ip -n MACHINE ARGUMENTS`, split at spaces.
fn ip(machine: &str, arguments: &str) -> Result<()> {
    let namespace = namespace(machine);
    let mut all = vec!["-n", &namespace];
    all.extend(arguments.split(' '));
    run("ip", &all)
}

fn sysctl(machine: &str, setting: &str) -> Result<()> {
    let namespace = namespace(machine);
    run(
        "ip",
        &["netns", "exec", &namespace, "sysctl", "-q", "-w", setting],
    )
}
