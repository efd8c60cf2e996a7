//! The product as a user of Kubernetes sees it: agents on both nodes and the operator on a
//! real API server, with the rights that they are installed with. An inspection is applied,
//! an attack crosses the nodes, `kubectl` tells of it, and deleting ends it.
#![expect(clippy::print_stdout, reason = "what a user sees is worth seeing")]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use dpi_tests::{
    cluster::{Installation, NODES, PodSpec, RunningPod, TestCluster},
    kernel_fixture::skipped,
    lab::{self, wait_for},
};
use serde_json::Value;

const NAMESPACE: &str = "dpi-test-kube";
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

struct Scene {
    product: Installation,
    pods: Vec<RunningPod>,
    cluster: TestCluster,
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
    let result = result.with_context(|| scene.product.logs());
    scene.cluster.delete_namespace(NAMESPACE)?;
    result
}

impl Scene {
    fn set(cluster: TestCluster) -> Result<Scene> {
        cluster.delete_namespace(NAMESPACE)?;
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
        let product = Installation::new(&cluster, &rules)?;
        let red = |name, node| PodSpec::new(NAMESPACE, name, node).label("app", "red");
        let blue = |name, node| PodSpec::new(NAMESPACE, name, node).label("app", "blue");
        let pods = cluster.run_pods(&[
            red("red1", NODES[0]),
            red("red2", NODES[1]),
            blue("blue1", NODES[0]),
            blue("blue2", NODES[1]),
        ])?;
        Ok(Scene {
            product,
            pods,
            cluster,
        })
    }

    fn play(&self) -> Result<()> {
        let kubectl = self.cluster.kubectl();
        // Rules are compiled and programs loaded when something is first selected.
        kubectl.apply(INSPECTION)?;
        self.product.wait_inspected([1, 1], START)?;
        self.delete()?;
        kubectl.apply(INSPECTION)?;
        let took = self.product.wait_inspected([1, 1], START)?;
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
        // Where in its start a pod is first seen is chance.
        for name in ["red3", "red4", "red5"] {
            self.first_packet(name)?;
        }
        self.wait_ready()?;
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
            Ok(self.product.agents.iter().all(|agent| agent.links() == 0))
        })?;
        println!("kubectl delete → no program left: {} ms", took.as_millis());
        wait_for(
            "nothing pinned on any node",
            Duration::from_secs(10),
            || Ok(self.product.agents.iter().all(|agent| agent.pins() == 0)),
        )?;
        Ok(())
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

    /// The first thing that a new pod does is inspected.
    fn first_packet(&self, name: &str) -> Result<()> {
        let before = self.alerts()?.len();
        let url = format!("http://{}{ATTACK}", self.pods[3].ip);
        let script = format!("wget -q -O - '{url}'; exec sleep 3600");
        let pod = PodSpec::new(NAMESPACE, name, NODES[0]).label("app", "red");
        let begun = Instant::now();
        self.cluster.create_pods(&[pod.script(&script)])?;
        let agent = &self.product.agents[0];
        let inspected = wait_for("the new pod inspected", START, || {
            let pods = agent.pods()?;
            let name = format!("{NAMESPACE}/{name}");
            Ok(pods
                .iter()
                .any(|pod| pod["pod"] == *name && pod["inspected"] == true))
        })?;
        wait_for("the first request of a new pod", START, || {
            Ok(self.alerts()?.len() > before)
        })?;
        println!(
            "pod created → programs on its interface: {} ms; → the alert of the first packets \
             that it sent: {} ms",
            inspected.as_millis(),
            begun.elapsed().as_millis()
        );
        Ok(())
    }

    /// The first alert is of red1 → red2, and either node names the pod of the other.
    fn both_ends_are_named(&self) -> Result<()> {
        for agent in &self.product.agents {
            let alerts = agent.alerts()?;
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
        let all = self.product.alerts()?;
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
}
