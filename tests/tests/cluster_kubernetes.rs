//! The product as a user of Kubernetes sees it: agents on both nodes and the operator on a
//! real API server, with the rights that they are installed with. An inspection is applied,
//! an attack crosses the nodes, `kubectl` tells of it, and deleting ends it.
#![expect(clippy::print_stdout, reason = "what a user sees is worth seeing")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use dpi_tests::{
    cluster::{NODES, NodeAgent, Operator, PodSpec, RunningPod, TestCluster},
    kernel_fixture::skipped,
    lab::{self, wait_for},
};
use serde_json::Value;

const NAMESPACE: &str = "dpi-test-kube";
const INSTALLED: &str = "tigera-dpi";
const INSPECTION: &str = "\
apiVersion: projectcalico.org/v3
kind: DeepPacketInspection
metadata:
  name: sample-dpi-red
  namespace: dpi-test-kube
spec:
  selector: app == \"red\"
";
const ATTACK: &str = "/download?file=../../../secret";
/// "WEB-ATTACK path traversal, three levels up in the raw URI".
const SID: u64 = 9_000_009;
const START: Duration = Duration::from_secs(90);
/// Of an Event after the attack, of an inspection after its object.
const SOON: Duration = Duration::from_secs(2);

struct Node {
    agent: NodeAgent,
    files: PathBuf,
}

struct Scene {
    nodes: Vec<Node>,
    operator: Operator,
    pods: Vec<RunningPod>,
    cluster: TestCluster,
    _directory: tempfile::TempDir,
}

#[test]
fn an_inspection_is_applied_seen_and_deleted() -> Result<()> {
    if let Some(reason) = lab::unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let Some(cluster) = TestCluster::get()? else {
        return Ok(());
    };
    let scene = Scene::set(cluster)?;
    let result = scene.play();
    let result = result.with_context(|| scene.logs());
    scene.cluster.delete_namespace(NAMESPACE)?;
    result
}

impl Scene {
    fn set(cluster: TestCluster) -> Result<Scene> {
        cluster.delete_namespace(NAMESPACE)?;
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/cluster.yaml");
        cluster.kubectl().apply(&fs::read_to_string(deploy)?)?;
        let directory = tempfile::tempdir()?;
        let program = PathBuf::from(env::var_os("DPI_AGENT").context("DPI_AGENT")?);
        let mut nodes = Vec::new();
        for node in NODES {
            let rights = cluster.service_account(INSTALLED, "dpi-agent", Some(node))?;
            let files = directory.path().join(node);
            fs::create_dir_all(&files)?;
            nodes.push(Node {
                agent: start(&cluster, node, &program, &rights, &files)?,
                files,
            });
        }
        let rights = cluster.service_account(INSTALLED, "dpi-agent-operator", None)?;
        let operator = Operator::start(
            &cluster,
            NODES[0],
            &program,
            (INSTALLED, &rights),
            directory.path(),
        )?;
        let red = |name, node| PodSpec::new(NAMESPACE, name, node).label("app", "red");
        let blue = |name, node| PodSpec::new(NAMESPACE, name, node).label("app", "blue");
        let pods = cluster.run_pods(&[
            red("red1", NODES[0]),
            red("red2", NODES[1]),
            blue("blue1", NODES[0]),
            blue("blue2", NODES[1]),
        ])?;
        Ok(Scene {
            nodes,
            operator,
            pods,
            cluster,
            _directory: directory,
        })
    }

    fn play(&self) -> Result<()> {
        let kubectl = self.cluster.kubectl();
        // Rules are compiled and programs loaded when something is first selected.
        kubectl.apply(INSPECTION)?;
        self.wait_inspected(1, START)?;
        self.delete()?;
        kubectl.apply(INSPECTION)?;
        let took = self.wait_inspected(1, START)?;
        println!(
            "kubectl apply → inspected on both nodes: {} ms",
            took.as_millis()
        );
        self.wait_ready()?;

        // Who attacks whom, and how many ends are inspected.
        for (from, to, ends) in [(0, 1, 2), (0, 3, 1), (2, 1, 1), (2, 3, 0)] {
            self.attack(from, to, ends)?;
        }
        self.both_ends_are_named()?;
        self.show(&["get", "dpi", "-n", NAMESPACE])?;
        self.show(&["get", "nodeinspections"])?;
        self.show(&["describe", "pod", "red1", "-n", NAMESPACE])?;
        self.show(&["describe", "dpi", "sample-dpi-red", "-n", NAMESPACE])?;
        self.delete()
    }

    /// `kubectl delete`: within a second nothing is left in the kernel.
    fn delete(&self) -> Result<()> {
        let deleted = ["delete", "dpi", "sample-dpi-red", "-n", NAMESPACE];
        self.cluster.kubectl().run(&deleted)?;
        let took = wait_for("no program on any node", SOON, || {
            Ok(self.nodes.iter().all(|node| node.links() == 0))
        })?;
        println!("kubectl delete → no program left: {} ms", took.as_millis());
        wait_for(
            "nothing pinned on any node",
            Duration::from_secs(10),
            || Ok(self.nodes.iter().all(|node| node.agent.pins() == 0)),
        )?;
        Ok(())
    }

    fn wait_inspected(&self, pods: usize, limit: Duration) -> Result<Duration> {
        wait_for("a pod inspected on each node", limit, || {
            for node in &self.nodes {
                ensure!(node.agent.alive(), "the agent ended");
                if node.inspected() != pods {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    fn wait_ready(&self) -> Result<()> {
        let took = wait_for("condition Ready", Duration::from_secs(10), || {
            let get = ["get", "dpi", "sample-dpi-red", "-n", NAMESPACE];
            let object = self.cluster.kubectl().json(&get)?;
            let conditions = object
                .pointer("/status/conditions")
                .and_then(Value::as_array);
            let mut conditions = conditions.into_iter().flatten();
            Ok(conditions.any(|c| c["type"] == "Ready" && c["status"] == "True"))
        })?;
        println!("condition Ready after {} ms more", took.as_millis());
        Ok(())
    }

    /// Every inspected end has an alert and an Event soon, and nobody else.
    fn attack(&self, from: usize, to: usize, ends: usize) -> Result<()> {
        let (from, to) = (&self.pods[from], &self.pods[to]);
        let before = self.alerts()?.len();
        let begun = Instant::now();
        let url = format!("http://{}{ATTACK}", to.ip);
        // The file is not there; the request was made.
        let _ = self
            .cluster
            .exec(from, &["timeout", "5", "wget", "-q", "-O", "-", &url]);
        let arrow = format!("{} → {}", from.name, to.name);
        wait_for(&format!("{ends} alerts of {arrow}"), SOON, || {
            Ok(self.alerts()?.len() == before + ends)
        })?;
        if ends == 0 {
            std::thread::sleep(Duration::from_secs(1));
            assert_eq!(self.alerts()?.len(), before, "{arrow}");
        }
        println!(
            "{arrow}: {ends} alerts, {} ms with exec and look-ups",
            begun.elapsed().as_millis()
        );
        if from.name == "red1" && to.name == "red2" {
            self.both_pods_have_events(begun)?;
        }
        Ok(())
    }

    fn both_pods_have_events(&self, begun: Instant) -> Result<()> {
        wait_for("an Event on either pod", SOON, || {
            let told = self.events()?;
            Ok(["red1", "red2"]
                .iter()
                .all(|pod| told.iter().any(|name| name == pod)))
        })?;
        println!(
            "Events on both pods {} ms after the attack began",
            begun.elapsed().as_millis()
        );
        Ok(())
    }

    /// The first alert is of red1 → red2, and either node names the pod of the other.
    fn both_ends_are_named(&self) -> Result<()> {
        for node in &self.nodes {
            let alerts = node.alerts()?;
            let first = alerts.first().context("no alert")?;
            for (end, pod) in [("src", "red1"), ("dest", "red2")] {
                let name = first.pointer(&format!("/kubernetes/{end}/pod"));
                ensure!(
                    name == Some(&Value::from(pod)),
                    "{end} is not {pod}: {first}"
                );
            }
            println!("{first}");
        }
        Ok(())
    }

    fn alerts(&self) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        for node in &self.nodes {
            all.extend(node.alerts()?);
        }
        for alert in &all {
            let sid = alert.pointer("/alert/signature_id").and_then(Value::as_u64);
            ensure!(sid == Some(SID), "an alert of another rule: {alert}");
        }
        Ok(all)
    }

    /// Pods that Events of the agents regard.
    fn events(&self) -> Result<Vec<String>> {
        let get = ["get", "events.events.k8s.io", "-n", NAMESPACE];
        let list = self.cluster.kubectl().json(&get)?;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let ours = items.iter().filter(|event| {
            let controller = event["reportingController"].as_str().unwrap_or_default();
            controller.starts_with("dpi-agent")
        });
        Ok(ours
            .filter_map(|event| event.pointer("/regarding/name")?.as_str())
            .map(str::to_owned)
            .collect())
    }

    fn show(&self, arguments: &[&str]) -> Result<()> {
        println!("$ kubectl {}", arguments.join(" "));
        println!("{}", self.cluster.kubectl().run(arguments)?);
        Ok(())
    }

    fn logs(&self) -> String {
        let mut text = self.operator.log();
        for node in &self.nodes {
            text += &node.agent.log();
        }
        text
    }
}

impl Node {
    /// Null while it is not there, or being written.
    fn status(&self) -> Value {
        let text = fs::read(self.files.join("status.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// How many pods are inspected.
    fn inspected(&self) -> usize {
        let status = self.status();
        let pods = status.pointer("/inspections/0/pods");
        let pods = pods.and_then(Value::as_array).into_iter().flatten();
        pods.filter(|pod| pod["inspected"] == true).count()
    }

    /// Programs that are attached by a pinned link.
    fn links(&self) -> usize {
        self.agent.links()
    }

    fn alerts(&self) -> Result<Vec<Value>> {
        let text = fs::read_to_string(self.files.join("alerts.json")).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let alerts = whole.lines().map(serde_json::from_str);
        Ok(alerts.collect::<Result<_, _>>()?)
    }
}

fn start(
    cluster: &TestCluster,
    node: &str,
    program: &Path,
    rights: &Path,
    files: &Path,
) -> Result<NodeAgent> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let rules = rules.display().to_string();
    let path = |name: &str| files.join(name).display().to_string();
    let (state, status, output) = (path("state"), path("status.json"), path("alerts.json"));
    let arguments = [
        "--rules",
        &rules,
        "--state-dir",
        &state,
        "--status",
        &status,
        "--output",
        &output,
    ];
    NodeAgent::start(cluster, node, program, Some(rights), files, &arguments)
}
