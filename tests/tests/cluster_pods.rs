//! Pods of a real two-node Kubernetes: their traffic, and their interfaces as the agent
//! finds them.

use std::{
    fs::{self, File},
    os::fd::AsFd as _,
    path::Path,
};

use anyhow::{Context as _, Result};
use dpi_agent::{
    interfaces::{Location, NotFound, Reader},
    snapshot::{Annotations, Pod},
};
use dpi_tests::cluster::{Cluster, Cni, NODES, PodSpec, RunningPod, STATE_DIR, TestCluster};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

const NAMESPACE: &str = "dpi-test-pods";

#[test]
fn pods_on_two_nodes_talk_and_the_agent_finds_their_interfaces() -> Result<()> {
    leave_remains();
    let Some(cluster) = TestCluster::get()? else {
        return Ok(());
    };
    cluster.delete_namespace(NAMESPACE)?;
    let pods = cluster.run_pods(&[
        PodSpec::new(NAMESPACE, "one", NODES[0]).label("app", "red"),
        PodSpec::new(NAMESPACE, "two", NODES[1]).label("app", "red"),
        PodSpec::new(NAMESPACE, "host", NODES[0])
            .script("exec sleep 3600")
            .host_network(),
    ])?;
    let [one, two, host] = &pods[..] else {
        anyhow::bail!("{} pods", pods.len());
    };
    assert_eq!(get(&cluster, one, two)?, "two");
    assert_eq!(get(&cluster, two, one)?, "one");

    let unseen = NotFound::NoPeer;
    for (pod, here, there) in [(one, NODES[0], NODES[1]), (two, NODES[1], NODES[0])] {
        let Location::Interfaces(nics) = locate(&cluster, here, pod)?? else {
            anyhow::bail!("{} was found by its cgroup", pod.name);
        };
        let [nic] = &nics[..] else {
            anyhow::bail!("{} has {} interfaces", pod.name, nics.len());
        };
        assert!(nic.name.starts_with("veth"), "{}", nic.name);
        assert_counts(&cluster, here, &nic.name, pod, one, two)?;
        // Both nodes see all processes, as they are one machine; links lead to their own.
        assert_eq!(locate(&cluster, there, pod)?, Err(unseen.clone()));
    }
    let Location::Cgroup(path) = locate(&cluster, NODES[0], host)?? else {
        anyhow::bail!("the pod on the node's network has an interface of its own");
    };
    assert!(path.as_str().contains(&host.uid), "{path}");

    if cluster.cni() == Cni::Ptp {
        let mut unseen = object(&cluster, one)?;
        unseen.uid.0 = "00000000-0000-4000-8000-000000000000".to_owned();
        let by_route = within(&cluster, NODES[0], &unseen)??;
        assert_eq!(by_route, locate(&cluster, NODES[0], one)??);
    }
    cluster.delete_namespace(NAMESPACE)
}

/// What a cluster leaves that was killed while it was made: the next one comes up all the
/// same. Where a cluster is up, nothing is done to it.
fn leave_remains() {
    let half_made = Path::new(STATE_DIR).join("node1/containerd");
    if !Path::new(STATE_DIR).exists() && fs::create_dir_all(half_made).is_ok() {
        // Without the file, the remains are of a moment earlier still.
        let _ = fs::write(
            Path::new(STATE_DIR).join("state.json"),
            r#"{"cni":"ptp","daemons":[],"complete":false}"#,
        );
    }
}

/// What the web server of `to` answers `from`.
fn get(cluster: &Cluster, from: &RunningPod, to: &RunningPod) -> Result<String> {
    let url = format!("http://{}/", to.ip);
    // Busybox's own -T ends in a segmentation fault in Debian's static build.
    let answer = cluster.exec(from, &["timeout", "5", "wget", "-q", "-O", "-", &url])?;
    Ok(answer.trim().to_owned())
}

/// The pod as the agent reads it from the API server.
fn object(cluster: &Cluster, pod: &RunningPod) -> Result<Pod> {
    let arguments = ["get", "pod", &pod.name, "--namespace", &pod.namespace];
    let object = serde_json::from_value(cluster.kubectl().json(&arguments)?)?;
    Ok(Pod::from_object(&object, Annotations::Ignore)?)
}

fn locate(cluster: &Cluster, node: &str, pod: &RunningPod) -> Result<Result<Location, NotFound>> {
    within(cluster, node, &object(cluster, pod)?)
}

/// Looks for the pod as an agent on that node does.
fn within(cluster: &Cluster, node: &str, pod: &Pod) -> Result<Result<Location, NotFound>> {
    let network = cluster.node_network(node)?;
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            enter(&network)?;
            Ok(Reader::default().read([pod])?.locate(pod))
        });
        thread.join().expect("no panic")
    })
}

fn enter(network: &Path) -> Result<()> {
    let file = File::open(network).with_context(|| network.display().to_string())?;
    let network = Some(LinkNameSpaceType::Network);
    Ok(move_into_link_name_space(file.as_fd(), network)?)
}

/// That the interface carries this pod's packets: an exchange shows in its counters.
fn assert_counts(
    cluster: &Cluster,
    node: &str,
    interface: &str,
    pod: &RunningPod,
    one: &RunningPod,
    two: &RunningPod,
) -> Result<()> {
    let count = || -> Result<u64> {
        let mut command = cluster.on_node(node, Path::new("ip"))?;
        let shown = command
            .args(["-s", "-j", "link", "show", "dev", interface])
            .output()?;
        let shown: serde_json::Value = serde_json::from_slice(&shown.stdout)?;
        let packets = shown.pointer("/0/stats64/rx/packets");
        packets
            .and_then(serde_json::Value::as_u64)
            .context("no counter")
    };
    let before = count()?;
    get(cluster, one, two)?;
    // SYN, acknowledgements, request or answer, FIN.
    let packets = count()? - before;
    assert!(
        packets >= 4,
        "{packets} packets of {} on {interface}",
        pod.name
    );
    Ok(())
}
