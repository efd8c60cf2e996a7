//! A pod on the node's own network: found by its cgroup when it sends, by the ports that it
//! waits at when it is spoken to; and the agent, in the same pod, is left out.

use std::{
    fs,
    io::Read as _,
    net::{IpAddr, Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use dpi_tests::{
    kernel_fixture::skipped,
    lab::{Agent, AgentOptions, Lab, NODE_ADDRESS, inspection, unavailable, wait_for},
    netns::Netns,
};

const START: Duration = Duration::from_secs(30);
/// Ports of the pod.
const TCP: u16 = 8081;
const UDP: u16 = 9000;
/// Ports of others on the node.
const OTHER: u16 = 8082;
const METRICS: u16 = 9100;
const RULES: &str = r#"
alert tcp any any -> any [8081,8082,9100] (msg:"TEST a connection begins"; flags:S; sid:9999001;)
alert tcp any [8081,8082,9100] -> any any (msg:"TEST a connection is taken"; flags:SA; sid:9999002;)
alert udp any any -> any 9000 (msg:"TEST a datagram"; content:"probe"; sid:9999003;)
alert udp any any -> any 9001 (msg:"TEST a datagram of the pod"; content:"probe"; sid:9999004;)
"#;
/// Waits at both ports, answers no datagram, and sends one when it is connected to.
const SERVER: &str = "
import socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('0.0.0.0', 9000))
t = socket.socket(); t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
t.bind(('0.0.0.0', 8081)); t.listen()
while True:
    c, a = t.accept()
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'probe', (a[0], 9001))
    c.close()
";

/// A pod's cgroup with a process in it. Gone on drop.
struct HostPod {
    cgroup: PathBuf,
    process: Child,
}

impl HostPod {
    /// `None`, with the reason printed, where there can be none.
    fn start(lab: &Lab) -> Result<Option<HostPod>> {
        let mounts = fs::read_to_string("/proc/mounts")?;
        let mut mounts = mounts
            .lines()
            .map(|line| line.split(' ').collect::<Vec<_>>());
        let Some(mount) = mounts.find(|fields| fields.get(2) == Some(&"cgroup2")) else {
            skipped(&"a pod on the node's network: cgroup2 is not mounted");
            return Ok(None);
        };
        let root = Path::new(mount.get(1).context("a mount without a place")?);
        let name = format!("dpi-test-host-{}", std::process::id());
        let cgroup = root.join(&name);
        for each in ["server", "agent"] {
            fs::create_dir_all(cgroup.join(each)).context("making a cgroup")?;
        }
        let process = lab
            .node
            .command("sh")
            .args(["-c", "echo $$ > \"$0\" && exec python3 -c \"$1\""])
            .arg(cgroup.join("server/cgroup.procs"))
            .arg(SERVER)
            .stdin(Stdio::null())
            .spawn()?;
        lab.write_manifest(
            "host.yaml",
            &format!(
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: host\n  namespace: demo\n  \
                 labels: {{app: host}}\n  annotations: {{dpi-agent.dev/cgroup: /{name}}}\n\
                 spec: {{hostNetwork: true, containers: []}}\n\
                 status: {{phase: Running, podIP: {NODE_ADDRESS}}}\n"
            ),
        )?;
        lab.write_manifest("inspection.yaml", &inspection("host", "app == 'host'"))?;
        Ok(Some(HostPod { cgroup, process }))
    }
}

impl Drop for HostPod {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        for each in ["server", "agent", ""] {
            let _ = fs::remove_dir(self.cgroup.join(each));
        }
    }
}

#[test]
fn it_is_inspected_from_the_first_packet_and_the_agent_beside_it_is_not() -> Result<()> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let rules = tempfile::tempdir()?;
    fs::write(rules.path().join("test.rules"), RULES)?;
    let lab = Lab::new(&[rules.path()])?;
    let outside = lab.outside()?;
    let Some(pod) = HostPod::start(&lab)? else {
        return Ok(());
    };
    let own = pod.cgroup.join("agent/cgroup.procs").display().to_string();
    let enter = "echo $$ > \"$0\" && exec \"$@\"";
    let options = AgentOptions {
        prefix: ["sh", "-c", enter, &own].map(str::to_owned).to_vec(),
        arguments: vec!["--metrics".to_owned(), format!("0.0.0.0:{METRICS}")],
        ..AgentOptions::default()
    };
    let mut agent = Agent::start(&lab, &options)?;
    agent.wait_status("the pod's ports", START, |status| {
        status.number("/capture/boundPorts") == 2
            && status.json.pointer("/inspections/0/pods/0/inspected") == Some(&true.into())
    })?;
    let others = lab
        .node
        .run(|| Ok(TcpListener::bind((Ipv4Addr::UNSPECIFIED, OTHER))?))?;

    // What is sent from outside, and the rules that it fires.
    let connect = |port| connect_from(&outside, port);
    connect(TCP)?;
    assert_alerts(&agent, &[9_999_001, 9_999_002, 9_999_004])?;
    connect(OTHER)?;
    drop(others);
    let page = scrape(&outside)?;
    ensure!(page.contains("200 OK"), "no metrics: {page}");
    assert_alerts(&agent, &[])?;
    outside.run(|| {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        Ok(socket.send_to(b"probe", (NODE_ADDRESS, UDP))?)
    })?;
    assert_alerts(&agent, &[9_999_003])?;
    assert!(agent.terminate()?.success());
    Ok(())
}

fn connect_from(client: &Netns, port: u16) -> Result<()> {
    client.run(|| {
        let server = (IpAddr::from(NODE_ADDRESS), port).into();
        TcpStream::connect_timeout(&server, Duration::from_secs(5))?;
        Ok(())
    })
}

fn scrape(client: &Netns) -> Result<String> {
    use std::io::Write as _;
    client.run(|| {
        let mut stream = TcpStream::connect((NODE_ADDRESS, METRICS))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    })
}

/// The rules that fired since the last call, each once; all of them are the pod's.
fn assert_alerts(agent: &Agent, expected: &[u32]) -> Result<()> {
    thread_local!(static SEEN: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });
    let before = SEEN.get();
    let waited = wait_for("alerts", Duration::from_secs(3), || {
        Ok(agent.alerts()?.len() >= before + expected.len())
    });
    waited.with_context(|| agent.log())?;
    agent.settle()?;
    let alerts = agent.alerts()?;
    SEEN.set(alerts.len());
    let new = &alerts[before..];
    ensure!(new.iter().all(|alert| alert.pod == "host"), "{new:?}");
    let mut sids: Vec<u32> = new.iter().map(|alert| alert.sid).collect();
    sids.sort_unstable();
    assert_eq!(sids, expected, "{new:?}\n{}", agent.log());
    Ok(())
}
