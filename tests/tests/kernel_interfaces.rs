//! A pod's interfaces found by its processes, in real namespaces and cgroups, with the
//! agent's four capabilities alone.

use std::{
    collections::BTreeMap,
    fs,
    net::IpAddr,
    path::PathBuf,
    process::{Child, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, Result};
use dpi_agent::{
    interfaces::{Location, NotFound, Reader},
    snapshot::{Pod, PodUid},
};
use dpi_tests::{kernel_fixture::skipped, netns::Netns};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

/// A pod as a runtime makes it: a namespace, and a process in it whose cgroup has the
/// pod's UID in its path. Gone on drop.
struct RuntimePod {
    pod: Pod,
    process: Child,
    cgroup: PathBuf,
}

impl RuntimePod {
    /// `None`, with the reason printed, where no cgroup can be made. With `host_network`
    /// the namespace is the node's.
    fn start(netns: &Netns, ips: &[&str], host_network: bool) -> Result<Option<RuntimePod>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let uid = format!("{:08x}-0000-4000-8000-{count:012x}", std::process::id());
        let Some(root) = cgroup2()? else {
            skipped(&"pods by their processes: cgroup2 is not mounted");
            return Ok(None);
        };
        let cgroup = root.join(format!("dpi-test-{}/pod{uid}", std::process::id()));
        if let Err(error) = fs::create_dir_all(&cgroup) {
            skipped(&format!(
                "pods by their processes: {}: {error}",
                cgroup.display()
            ));
            return Ok(None);
        }
        let script = format!(
            "echo $$ > {}/cgroup.procs && exec sleep 600",
            cgroup.display()
        );
        let mut process = netns
            .command("sh")
            .args(["-c", &script])
            .stdin(Stdio::null())
            .spawn()?;
        while fs::read_to_string(cgroup.join("cgroup.procs"))?
            .trim()
            .is_empty()
        {
            if let Some(status) = process.try_wait()? {
                anyhow::bail!("the pod's process ended: {status}");
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let pod = pod(&uid, ips, host_network);
        Ok(Some(RuntimePod {
            pod,
            process,
            cgroup,
        }))
    }
}

impl Drop for RuntimePod {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir(&self.cgroup);
        // The last pod of the test takes it away.
        let _ = self.cgroup.parent().map(fs::remove_dir);
    }
}

fn cgroup2() -> Result<Option<PathBuf>> {
    let mounts = fs::read_to_string("/proc/mounts")?;
    Ok(mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (point, kind) = (fields.next()?, fields.next()?);
        (kind == "cgroup2").then(|| PathBuf::from(point))
    }))
}

fn pod(uid: &str, ips: &[&str], host_network: bool) -> Pod {
    let ip = |ip: &&str| ip.parse::<IpAddr>().expect("an address of this file");
    Pod {
        uid: PodUid(uid.to_owned()),
        namespace: "red".to_owned(),
        name: "red1".to_owned(),
        labels: BTreeMap::new(),
        service_account: None,
        node: None,
        ips: ips.iter().map(ip).collect(),
        host_network,
        finished: false,
        interface: None,
        cgroup: None,
    }
}

/// What the agent finds on a node, with the rights that its manifest asks for.
fn locate(node: &Netns, pod: &Pod) -> Result<Result<Location, NotFound>> {
    node.run(|| {
        let kept = CapabilitySet::BPF
            | CapabilitySet::NET_ADMIN
            | CapabilitySet::NET_RAW
            | CapabilitySet::PERFMON;
        let sets = CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: CapabilitySet::empty(),
        };
        set_capabilities(None, sets)?;
        Ok(Reader::default().read([pod])?.locate(pod))
    })
}

/// Names of the interfaces that were found.
fn names(found: Result<Location, NotFound>) -> Result<Vec<String>> {
    match found? {
        Location::Interfaces(nics) => Ok(nics.into_iter().map(|nic| nic.name).collect()),
        Location::Cgroup(path) => anyhow::bail!("found a cgroup: {path}"),
    }
}

fn may_run() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skipped(&"network namespaces need root: run with sudo -E");
    }
    root
}

#[test]
fn routed_veths_and_every_nic_of_a_pod() -> Result<()> {
    if !may_run() {
        return Ok(());
    }
    let (node, one, two) = (Netns::new()?, Netns::new()?, Netns::new()?);
    node.veth("veth-one", &one, "eth0")?;
    node.veth("veth-two", &two, "eth0")?;
    // A second network of the second pod, to which nothing is routed.
    node.veth("net1-two", &two, "net1")?;
    node.ip("route add 10.1.0.1/32 dev veth-one")?;
    let Some(first) = RuntimePod::start(&one, &["10.1.0.1"], false)? else {
        return Ok(());
    };
    let second = RuntimePod::start(&two, &["10.1.0.2"], false)?.context("a second pod")?;
    assert_eq!(names(locate(&node, &first.pod)?)?, ["veth-one"]);
    assert_eq!(
        names(locate(&node, &second.pod)?)?,
        ["veth-two", "net1-two"]
    );
    // Where no process is visible the route remains, for the pod that has one.
    let unseen = pod("00000000-0000-4000-8000-00000000ffff", &["10.1.0.1"], false);
    assert_eq!(names(locate(&node, &unseen)?)?, ["veth-one"]);
    let unseen = pod("00000000-0000-4000-8000-00000000ffff", &["10.1.0.2"], false);
    assert!(matches!(
        locate(&node, &unseen)?,
        Err(NotFound::NoHostRoute { .. })
    ));
    Ok(())
}

#[test]
fn a_bridge_by_processes_and_by_what_it_learned() -> Result<()> {
    if !may_run() {
        return Ok(());
    }
    let (node, one, two) = (Netns::new()?, Netns::new()?, Netns::new()?);
    node.ip("link add cni0 type bridge")?;
    node.ip("addr add 10.2.0.254/24 dev cni0")?;
    node.ip("link set cni0 up")?;
    for (name, netns, address) in [
        ("veth-one", &one, "10.2.0.1"),
        ("veth-two", &two, "10.2.0.2"),
    ] {
        node.veth(name, netns, "eth0")?;
        node.ip(&format!("link set {name} master cni0"))?;
        netns.ip(&format!("addr add {address}/24 dev eth0"))?;
    }
    let Some(runtime) = RuntimePod::start(&two, &["10.2.0.2"], false)? else {
        return Ok(());
    };
    assert_eq!(names(locate(&node, &runtime.pod)?)?, ["veth-two"]);

    let unseen = pod("00000000-0000-4000-8000-00000000fffe", &["10.2.0.1"], false);
    assert!(locate(&node, &unseen)?.is_err(), "nothing was learned yet");
    // One datagram makes the node resolve the address and the bridge learn the port.
    node.run(|| {
        let socket = std::net::UdpSocket::bind("10.2.0.254:0")?;
        socket.send_to(b"x", "10.2.0.1:9")?;
        Ok(())
    })?;
    let begun = std::time::Instant::now();
    while locate(&node, &unseen)?.is_err() && begun.elapsed().as_secs() < 5 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(names(locate(&node, &unseen)?)?, ["veth-one"]);
    Ok(())
}

#[test]
fn a_pod_that_bypasses_the_node_says_so() -> Result<()> {
    if !may_run() {
        return Ok(());
    }
    let (node, outside, netns) = (Netns::new()?, Netns::new()?, Netns::new()?);
    node.veth("uplink", &outside, "eth0")?;
    let name = netns.name().to_owned();
    if let Err(error) = node.ip(&format!(
        "link add mv0 link uplink netns {name} type macvlan"
    )) {
        skipped(&format!("a pod with macvlan: {error:#}"));
        return Ok(());
    }
    let Some(runtime) = RuntimePod::start(&netns, &["10.3.0.1"], false)? else {
        return Ok(());
    };
    assert_eq!(locate(&node, &runtime.pod)?, Err(NotFound::NoPeer));
    Ok(())
}

#[test]
fn a_pod_on_the_nodes_network_is_found_by_its_cgroup() -> Result<()> {
    if !may_run() {
        return Ok(());
    }
    let node = Netns::new()?;
    let Some(runtime) = RuntimePod::start(&node, &["10.4.0.1"], true)? else {
        return Ok(());
    };
    let Location::Cgroup(path) = locate(&node, &runtime.pod)?? else {
        anyhow::bail!("found an interface");
    };
    assert!(path.as_str().ends_with(&runtime.pod.uid.0), "{path}");
    let id = dpi_agent::interfaces::cgroup_id(&path)?;
    assert_eq!(id.level, 2);
    // Another on the same network is not this one.
    let stranger = pod("00000000-0000-4000-8000-00000000fffd", &["10.4.0.1"], true);
    assert_eq!(locate(&node, &stranger)?, Err(NotFound::HostNetwork));
    Ok(())
}
