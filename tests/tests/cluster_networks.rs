//! However a pod of a real Kubernetes is wired, its packets are inspected: by a bridge, by
//! several interfaces, on its node's own network. One that no interface leads to is told.
#![expect(clippy::print_stdout, reason = "what a user sees is worth seeing")]

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use dpi_tests::{
    cluster::{Cni, Installation, NODES, PodSpec, RunningPod, TestCluster},
    kernel_fixture::skipped,
    lab::{self, wait_for},
};
use serde_json::Value;

const NAMESPACE: &str = "dpi-test-networks";
const INSPECTION: &str = "\
apiVersion: projectcalico.org/v3
kind: DeepPacketInspection
metadata: {name: networks, namespace: dpi-test-networks}
spec: {selector: inspect == 'yes'}
";
/// The second fires on the first packet of a connection from outside, before the pod sent.
const RULES: &str = r#"
alert http (msg:"TEST a request"; http_uri; content:"/probe"; sid:9999001;)
alert tcp any any -> any 8088 (msg:"TEST a connection begins"; flags:S; sid:9999002;)
"#;
const REQUEST: u64 = 9_999_001;
const BEGIN: u64 = 9_999_002;
const START: Duration = Duration::from_secs(90);
const SOON: Duration = Duration::from_secs(2);
/// The port of the pod on its node's network.
const HOST_PORT: u16 = 8088;
/// The second interface of a pod, and the node's end of it.
const SECOND: &str = "10.99.0.2";
const SECOND_NODE: &str = "10.99.0.1";

/// Rule, inspected pod, whether it received.
type Expected = &'static [(u64, &'static str, bool)];

struct Scene {
    product: Installation,
    pods: Vec<RunningPod>,
    cluster: TestCluster,
}

#[test]
fn pods_are_inspected_however_they_are_wired() -> Result<()> {
    if let Some(reason) = lab::unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let Some(cluster) = TestCluster::get()? else {
        return Ok(());
    };
    let rules = tempfile::tempdir()?;
    fs::write(rules.path().join("test.rules"), RULES)?;
    let scene = Scene::set(cluster, rules.path())?;
    let result = scene.play();
    let result = result.with_context(|| scene.product.logs());
    drop(scene.product);
    scene.cluster.delete_namespace(NAMESPACE)?;
    result
}

impl Scene {
    /// The second node's pods are on a bridge.
    fn set(cluster: TestCluster, rules: &Path) -> Result<Scene> {
        cluster.delete_namespace(NAMESPACE)?;
        let product = Installation::new(&cluster, rules)?;
        let rewired = cluster.rewire(NODES[1], Cni::Bridge)?;
        let plain = |name, node| PodSpec::new(NAMESPACE, name, node);
        let inspected = |name, node| plain(name, node).label("inspect", "yes");
        let serve = format!("echo host > /www/index.html && exec httpd -f -p {HOST_PORT} -h /www");
        let pods = cluster.run_pods(&[
            inspected("bridged", NODES[1]),
            plain("neighbour", NODES[1]),
            inspected("two-nics", NODES[0]),
            inspected("host", NODES[0]).host_network().script(&serve),
            inspected("unreachable", NODES[0]),
            plain("client", NODES[0]),
        ])?;
        drop(rewired);
        Ok(Scene {
            product,
            pods,
            cluster,
        })
    }

    fn play(&self) -> Result<()> {
        self.cluster.kubectl().apply(INSPECTION)?;
        self.product.wait_inspected([3, 1], START)?;
        let bridged = self.location("bridged")?;
        ensure!(bridged.starts_with("veth"), "{bridged}");
        let shown = self.on_node(NODES[1], &["ip", "-o", "link", "show", "dev", &bridged])?;
        ensure!(
            shown.contains("master cni0"),
            "no port of a bridge: {shown}"
        );

        self.add_second_interface()?;
        self.remove_interface("unreachable")?;

        let ip = |name: &str| self.pod(name).map(|pod| pod.ip.to_string());
        let host = format!("{}:{HOST_PORT}", ip("host")?);
        // Who asks whom, by which address; alerts: rule, inspected pod, whether it received.
        let table: [(&str, String, Expected); 6] = [
            ("client", ip("bridged")?, &[(REQUEST, "bridged", true)]),
            ("neighbour", ip("bridged")?, &[(REQUEST, "bridged", true)]),
            ("bridged", ip("neighbour")?, &[(REQUEST, "bridged", false)]),
            ("neighbour", ip("two-nics")?, &[(REQUEST, "two-nics", true)]),
            (NODES[0], SECOND.to_owned(), &[(REQUEST, "two-nics", true)]),
            (
                "neighbour",
                host,
                &[(REQUEST, "host", true), (BEGIN, "host", true)],
            ),
        ];
        for (from, server, expected) in table {
            self.probe(from, &server, expected)?;
        }
        self.is_told()
    }

    /// Every expected alert comes, and no other.
    fn probe(&self, from: &str, server: &str, expected: &[(u64, &str, bool)]) -> Result<()> {
        let before = self.product.mark()?;
        let url = format!("http://{server}/probe");
        if NODES.contains(&from) {
            let busybox = [
                "busybox", "timeout", "5", "busybox", "wget", "-q", "-O", "-",
            ];
            let _ = self.on_node(from, &[&busybox[..], &[&url]].concat());
        } else {
            // The file is not there; the request was made.
            let wget = ["timeout", "5", "wget", "-q", "-O", "-", &url];
            let _ = self.cluster.exec(self.pod(from)?, &wget);
        }
        let waited = wait_for(&format!("alerts of {from} → {server}"), SOON, || {
            Ok(self.product.alerts_since(&before)?.len() >= expected.len())
        });
        let mut found = self.product.alerts_since(&before)?;
        found.sort_by_key(sid);
        let lines: Vec<String> = found.iter().map(Value::to_string).collect();
        let found: Vec<_> = found.iter().map(|alert| (sid(alert), end(alert))).collect();
        let found: Vec<_> = found
            .iter()
            .map(|(sid, (pod, to))| (*sid, &**pod, *to))
            .collect();
        println!("{from} → {server}: {found:?}");
        waited?;
        assert_eq!(found, expected, "{from} → {server}\n{}", lines.join("\n"));
        Ok(())
    }

    /// Another veth to a running pod, as a second network plugin makes it.
    fn add_second_interface(&self) -> Result<()> {
        let pod = self.pod("two-nics")?;
        let pid = self
            .cluster
            .process(pod)?
            .context("no process of the pod")?;
        let pid = pid.to_string();
        let network = format!("--net=/proc/{pid}/ns/net");
        let inside = ["nsenter", &network, "--", "ip"];
        for command in [
            vec![
                "ip", "link", "add", "second", "type", "veth", "peer", "name", "net1", "netns",
                &pid,
            ],
            vec!["ip", "link", "set", "second", "up"],
            vec![
                "ip",
                "addr",
                "add",
                SECOND_NODE,
                "peer",
                SECOND,
                "dev",
                "second",
            ],
            [&inside[..], &["link", "set", "net1", "up"]].concat(),
            [
                &inside[..],
                &["addr", "add", SECOND, "peer", SECOND_NODE, "dev", "net1"],
            ]
            .concat(),
        ] {
            self.on_node(NODES[0], &command)?;
        }
        let waited = wait_for("both interfaces", SOON, || {
            let location = self.location("two-nics")?;
            Ok(
                location.starts_with("veth") && location.contains(", second")
                    || location.starts_with("second, veth"),
            )
        })?;
        println!(
            "a second interface is found after {} ms",
            waited.as_millis()
        );
        Ok(())
    }

    /// Leaves a pod with what no interface of the node leads to, as macvlan and SR-IOV do.
    fn remove_interface(&self, name: &str) -> Result<()> {
        let interface = self.location(name)?;
        self.on_node(NODES[0], &["ip", "link", "del", &interface])
            .map(drop)
    }

    /// The pod that cannot be inspected is named with the reason, for the user and the node.
    fn is_told(&self) -> Result<()> {
        let get = ["get", "dpi", "networks", "-n", NAMESPACE];
        let mut seen = Value::Null;
        let waited = wait_for("the reason in the status", Duration::from_secs(10), || {
            seen = self.cluster.kubectl().json(&get)?;
            let text = seen["status"].to_string();
            Ok(text.contains("NoInterfaceHere") && text.contains("unreachable"))
        });
        waited.with_context(|| seen["status"].to_string())?;
        println!("$ kubectl {}", get.join(" "));
        println!("{}", self.cluster.kubectl().run(&get)?);
        let nodes = &seen["status"]["nodes"];
        println!("{nodes}");
        ensure!(nodes.to_string().contains("macvlan"), "no remedy: {nodes}");
        self.product.wait_inspected([2, 1], SOON).map(drop)
    }

    fn pod(&self, name: &str) -> Result<&RunningPod> {
        let mut pods = self.pods.iter();
        pods.find(|pod| pod.name == name).context("no such pod")
    }

    /// Where an agent says that it inspects a pod.
    fn location(&self, name: &str) -> Result<String> {
        let name = format!("{NAMESPACE}/{name}");
        for agent in &self.product.agents {
            let pods = agent.pods()?;
            let found = pods.iter().find(|pod| pod["pod"] == *name);
            if let Some(location) = found.and_then(|pod| pod["location"].as_str()) {
                return Ok(location.to_owned());
            }
        }
        anyhow::bail!("{name} is inspected nowhere")
    }

    /// What a command on a node prints.
    fn on_node(&self, node: &str, command: &[&str]) -> Result<String> {
        let (program, arguments) = command.split_first().context("no command")?;
        let mut line = self.cluster.on_node(node, Path::new(program))?;
        let output = line.args(arguments).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{command:?}: {stderr}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn sid(alert: &Value) -> u64 {
    let sid = alert.pointer("/alert/signature_id");
    sid.and_then(Value::as_u64).unwrap_or(0)
}

/// The inspected pod, and whether it received.
fn end(alert: &Value) -> (String, bool) {
    let inspected = alert
        .pointer("/kubernetes/inspected")
        .and_then(Value::as_str);
    let end = inspected.unwrap_or("none");
    let pod = alert.pointer(&format!("/kubernetes/{end}/pod"));
    let pod = pod.and_then(Value::as_str).unwrap_or("?");
    (pod.to_owned(), end == "dest")
}
