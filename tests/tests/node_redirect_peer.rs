//! A network that hands packets to pods past the node's ends of their veths: it is noticed,
//! and every packet of a selected pod is inspected all the same, once for each end.

use std::{fs, net::Ipv4Addr, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use aya::{
    Ebpf,
    maps::HashMap,
    programs::{SchedClassifier, TcAttachType},
};
use dpi_tests::{
    kernel_fixture::skipped,
    lab::{
        Agent, AgentOptions, HttpServer, Lab, UPLINK, http_request_from, inspection, unavailable,
        wait_for,
    },
    netns::Netns,
};

const START: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_secs(1);
/// It must show in a connection at two looks, a second apart.
const NOTICED: Duration = Duration::from_secs(5);
const ATTACK: &str = "/probe";
const RULE: &str =
    "alert http (msg:\"TEST a probe\"; http_uri; content:\"/probe\"; sid:9999001;)\n";
const POD_PORT: u16 = 8080;

/// The stand-in for such a network's program, on interfaces of the lab's node.
struct Plugin(#[expect(dead_code, reason = "its programs stay as long as it does")] Ebpf);

impl Plugin {
    /// Hands what comes in by these interfaces for any pod to the pod's own end.
    fn install(lab: &Lab, interfaces: &[&str]) -> Result<Option<Plugin>> {
        let object = "../target/ebpf/bpfel-unknown-none/release/redirect-peer";
        let object = Path::new(env!("CARGO_MANIFEST_DIR")).join(object);
        let Ok(bytes) = fs::read(&object) else {
            skipped(&"redirect_peer: its program is not built: run cargo xtask build --ebpf");
            return Ok(None);
        };
        let mut ebpf = Ebpf::load(&bytes).context("the stand-in")?;
        let map = ebpf.map_mut("PODS").context("no map PODS")?;
        let mut pods: HashMap<_, u32, u32> = map.try_into()?;
        for pod in &lab.pods {
            let address = u32::from_ne_bytes(pod.ip.octets());
            pods.insert(address, lab.node.ifindex(&pod.interface)?, 0)?;
        }
        let program = ebpf.program_mut("redirect_peer").context("no program")?;
        let program: &mut SchedClassifier = program.try_into()?;
        program.load()?;
        lab.node.run(|| {
            for interface in interfaces {
                program.attach(interface, TcAttachType::Ingress)?;
            }
            Ok(())
        })?;
        Ok(Some(Plugin(ebpf)))
    }
}

/// Pod, peer, whether the pod received.
type Ends = &'static [(&'static str, &'static str, bool)];

#[test]
fn packets_past_the_interfaces_are_noticed_and_inspected_once() -> Result<()> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let rules = tempfile::tempdir()?;
    fs::write(rules.path().join("test.rules"), RULE)?;
    let lab = Lab::red_and_blue(&[rules.path()])?;
    let outside = lab.outside()?;
    // What blue2 sends goes through the node's own stack, as some packets do.
    let Some(_plugin) = Plugin::install(&lab, &[UPLINK, "cali-red1", "cali-red2", "cali-blue1"])?
    else {
        return Ok(());
    };
    let servers: Result<Vec<_>> = lab
        .pods
        .iter()
        .map(|pod| HttpServer::start(pod, POD_PORT))
        .collect();
    lab.write_manifest("red.yaml", &inspection("red", "app == 'red'"))?;
    let mut agent = Agent::start(&lab, &AgentOptions::default())?;
    let says = |in_force: bool| {
        let what = format!("redirectPeer {in_force}");
        agent.wait_status(&what, NOTICED.max(START), |status| {
            status.text("/state") == "Inspecting"
                && status.json.pointer("/capture/redirectPeer") == Some(&in_force.into())
        })
    };
    says(false)?;
    wait_for("programs", SOON, || Ok(ours(&lab, "cali-red1")? == 2))?;
    request(&lab.pod("blue1").netns, lab.pod("red1").ip, "/page")?;
    says(true)?;
    wait_for("programs on other entrances", SOON, || {
        let each = ["cali-red1", "cali-red2", "cali-blue1", "cali-blue2", UPLINK];
        let each: Result<Vec<usize>> = each.iter().map(|name| ours(&lab, name)).collect();
        Ok(each? == [2, 2, 1, 1, 1])
    })?;

    let table: [(&str, &str, Ends); 8] = [
        (
            "red1",
            "red2",
            &[("red1", "red2", false), ("red2", "red1", true)],
        ),
        ("red1", "blue1", &[("red1", "blue1", false)]),
        ("blue1", "red1", &[("red1", "blue1", true)]),
        ("blue1", "blue2", &[]),
        ("blue2", "red1", &[("red1", "blue2", true)]),
        ("red2", "blue2", &[("red2", "blue2", false)]),
        ("outside", "red2", &[("red2", "192.0.2.2", true)]),
        ("node", "red2", &[("red2", "192.0.2.1", true)]),
    ];
    for (client, server, expected) in table {
        let from = match client {
            "outside" => &outside,
            "node" => &lab.node,
            pod => &lab.pod(pod).netns,
        };
        let before = agent.alerts()?.len();
        request(from, lab.pod(server).ip, ATTACK)?;
        agent.settle()?;
        let mut found: Vec<_> = agent.alerts()?.split_off(before);
        found.sort();
        let found: Vec<_> = found
            .iter()
            .map(|alert| (&*alert.pod, &*alert.peer, alert.to_pod))
            .collect();
        assert_eq!(found, expected, "{client} -> {server}\n{}", agent.log());
    }
    let status = agent.settle()?;
    assert_eq!(status.sum("/packets/dropped"), 0, "{}", status.balance());
    drop(servers);

    // What was found out outlives the process; what was attached does not outlive the need.
    assert!(agent.terminate()?.success());
    agent.start_again(&lab)?;
    wait_for("programs of the next agent", START, || {
        Ok(ours(&lab, "cali-blue2")? == 1)
    })?;
    lab.remove_manifest("red.yaml")?;
    wait_for("nothing", SOON, || {
        let each = ["cali-red1", "cali-blue2", UPLINK];
        let each: Result<Vec<usize>> = each.iter().map(|name| ours(&lab, name)).collect();
        Ok(each?.iter().sum::<usize>() == 0)
    })
    .map(drop)
}

/// Our programs on an interface: the stand-in's is not counted.
fn ours(lab: &Lab, interface: &str) -> Result<usize> {
    let others = usize::from(interface != "cali-blue2");
    Ok(lab.programs(interface)?.saturating_sub(others))
}

fn request(client: &Netns, server: Ipv4Addr, path: &str) -> Result<()> {
    http_request_from(client, (server, POD_PORT).into(), path).map(drop)
}
