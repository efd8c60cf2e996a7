//! A pod: a namespace with one routed veth, and what runs in it.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use super::wait_for;
use crate::netns::Netns;

/// What every pod's packets are sent to, as Calico has it: answered by nobody but the veth.
const GATEWAY: &str = "169.254.1.1";

/// A workload.
#[derive(Debug)]
pub struct Pod {
    /// Its name; its namespace is `demo`.
    pub name: String,
    /// Its only address.
    pub ip: Ipv4Addr,
    /// The node's end of its veth.
    pub interface: String,
    /// Where its processes run.
    pub netns: Netns,
}

/// Names and hardware addresses of a veth's ends.
pub(super) struct Wire {
    host: String,
    host_mac: &'static str,
    pod_mac: &'static str,
}

impl Wire {
    pub(super) fn of(pod: &str) -> Wire {
        Wire {
            host: format!("cali-{pod}"),
            // All host ends have one, as Calico's do; they never meet on a link.
            host_mac: "ee:ee:ee:ee:ee:ee",
            pod_mac: "0e:00:00:00:00:01",
        }
    }
}

impl Pod {
    pub(super) fn new(name: &str, ip: Ipv4Addr, node: &Netns, wire: &Wire) -> Result<Pod> {
        let netns = Netns::labelled(name)?;
        netns.run(|| Ok(fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")?))?;
        let pod = Pod {
            name: name.to_owned(),
            ip,
            interface: wire.host.clone(),
            netns,
        };
        pod.connect(node, wire)?;
        Ok(pod)
    }

    /// Neighbours are permanent, so that no packet passes but those that are sent.
    fn connect(&self, node: &Netns, wire: &Wire) -> Result<()> {
        let Wire {
            host,
            host_mac,
            pod_mac,
        } = wire;
        let (ip, inside) = (self.ip, self.netns.name());
        node.ip(&format!(
            "link add {host} address {host_mac} type veth peer name eth0 address {pod_mac} netns {inside}"
        ))?;
        node.ip(&format!("link set {host} up"))?;
        for line in [
            format!("addr add {ip}/32 dev eth0"),
            "link set eth0 up".to_owned(),
            format!("route add {GATEWAY} dev eth0 scope link"),
            format!("route add default via {GATEWAY} dev eth0"),
            format!("neigh replace {GATEWAY} lladdr {host_mac} dev eth0 nud permanent"),
        ] {
            self.netns.ip(&line)?;
        }
        node.ip(&format!("route add {ip}/32 dev {host}"))?;
        node.ip(&format!(
            "neigh replace {ip} lladdr {pod_mac} dev {host} nud permanent"
        ))
    }

    /// A command that runs in it.
    ///
    /// Not by `ip netns exec`, which mounts another `/sys`.
    pub fn command(&self, program: &str) -> Command {
        self.netns.command(program)
    }

    /// Serves a folder over HTTP, by Python's server.
    pub fn serve(&self, folder: &Path, port: u16) -> Result<Server> {
        let child = self
            .command("python3")
            .args(["-m", "http.server", &port.to_string(), "--directory"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting python3")?;
        let server = Server { child };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        wait_for("the web server", Duration::from_secs(20), || {
            // From within the pod, so that no packet crosses its interface.
            self.netns.run(|| Ok(TcpStream::connect(address).is_ok()))
        })?;
        Ok(server)
    }

    /// `curl` in it; returns the status code of the answer.
    pub fn curl(&self, arguments: &[&str]) -> Result<u16> {
        let output = self
            .command("curl")
            .args(["--silent", "--show-error", "--max-time", "10"])
            .args(["--output", "/dev/null", "--write-out", "%{http_code}"])
            .args(arguments)
            .output()
            .context("running curl")?;
        if !output.status.success() {
            bail!(
                "curl in {}: {}",
                self.name,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
    }

    /// A thread in its network namespace.
    pub fn thread<T: Send + 'static>(
        &self,
        run: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> JoinHandle<Result<T>> {
        self.netns.spawn(run)
    }

    /// A counter of its network namespace (`proc_net(5)`): of `/proc/net/snmp`, such as
    /// `("Tcp", "RetransSegs")`, or of `/proc/net/netstat`, such as `("TcpExt", "TCPDSACKRecv")`.
    pub fn counter(&self, protocol: &str, counter: &str) -> Result<u64> {
        let text = self.netns.run(|| {
            let mut text = fs::read_to_string("/proc/thread-self/net/snmp")?;
            text.push_str(&fs::read_to_string("/proc/thread-self/net/netstat")?);
            Ok(text)
        })?;
        let mut lines = text
            .lines()
            .filter_map(|line| line.strip_prefix(protocol)?.strip_prefix(": "));
        let (names, values) = (lines.next(), lines.next());
        let mut pairs = names
            .unwrap_or_default()
            .split(' ')
            .zip(values.unwrap_or_default().split(' '));
        let found = pairs.find(|(name, _)| *name == counter);
        let (_, value) = found.with_context(|| format!("no counter {protocol} {counter}"))?;
        Ok(value.parse()?)
    }
}

/// A running web server; it is stopped on drop.
#[derive(Debug)]
pub struct Server {
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
