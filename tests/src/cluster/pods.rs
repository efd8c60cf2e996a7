//! Pods of scenarios: a busybox that serves HTTP unless it is told otherwise.

use std::{net::IpAddr, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{layout::BUSYBOX, running::Cluster, running::wait};

/// A sandbox, a network and a container: seconds on a loaded machine.
const READY: Duration = Duration::from_secs(90);
/// Answers with its own name.
const SERVE: &str = "echo $HOSTNAME > /www/index.html && exec httpd -f -p 80 -h /www";

/// A pod to be run.
#[derive(Clone, Debug)]
pub struct PodSpec {
    namespace: String,
    name: String,
    node: String,
    labels: Vec<(String, String)>,
    script: String,
    host_network: bool,
}

/// A pod that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningPod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Its first address.
    pub ip: IpAddr,
}

impl PodSpec {
    /// One that answers HTTP on port 80 with its name.
    pub fn new(namespace: &str, name: &str, node: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            node: node.to_owned(),
            labels: Vec::new(),
            script: SERVE.to_owned(),
            host_network: false,
        }
    }

    /// The same with a label.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The same with another script for `sh`.
    #[must_use]
    pub fn script(mut self, script: &str) -> Self {
        script.clone_into(&mut self.script);
        self
    }

    /// The same on its node's own network.
    #[must_use]
    pub fn host_network(mut self) -> Self {
        self.host_network = true;
        self
    }

    fn manifest(&self) -> Value {
        let labels: serde_json::Map<String, Value> = self
            .labels
            .iter()
            .map(|(key, value)| (key.clone(), value.clone().into()))
            .collect();
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "namespace": self.namespace,
                "name": self.name,
                "labels": labels,
            },
            "spec": {
                "nodeName": self.node,
                "hostNetwork": self.host_network,
                "terminationGracePeriodSeconds": 0,
                "automountServiceAccountToken": false,
                // There is no name server.
                "dnsPolicy": "Default",
                "containers": [{
                    "name": "main",
                    "image": BUSYBOX,
                    "imagePullPolicy": "Never",
                    "command": ["sh", "-c", self.script],
                }],
            },
        })
    }
}

impl Cluster {
    /// Runs pods and waits until each is Ready. Their namespaces are made if they are
    /// not there.
    pub fn run_pods(&self, pods: &[PodSpec]) -> Result<Vec<RunningPod>> {
        self.create_pods(pods)?;
        pods.iter().map(|pod| self.wait_ready(pod)).collect()
    }

    /// The same without waiting for them.
    pub fn create_pods(&self, pods: &[PodSpec]) -> Result<()> {
        let kubectl = self.kubectl();
        let namespaces = pods.iter().map(|pod| {
            json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": pod.namespace},
            })
        });
        kubectl.apply(&list(&namespaces.collect::<Vec<_>>()))?;
        // The controllers make the account that pods of a new namespace run as.
        for pod in pods {
            let arguments = ["get", "serviceaccount", "default", "-n", &pod.namespace];
            wait("a service account", READY, || {
                Ok(kubectl.run(&arguments).is_ok())
            })?;
        }
        let manifests: Vec<Value> = pods.iter().map(PodSpec::manifest).collect();
        kubectl.apply(&list(&manifests)).map(drop)
    }

    fn wait_ready(&self, pod: &PodSpec) -> Result<RunningPod> {
        let kubectl = self.kubectl();
        let mut object = Value::Null;
        let what = format!("pod {}/{} Ready", pod.namespace, pod.name);
        let waited = wait(&what, READY, || {
            object = kubectl.json(&["get", "pod", &pod.name, "-n", &pod.namespace])?;
            let conditions = object
                .pointer("/status/conditions")
                .and_then(Value::as_array);
            Ok(conditions
                .into_iter()
                .flatten()
                .any(|c| c["type"] == "Ready" && c["status"] == "True"))
        });
        waited.with_context(|| {
            let arguments = ["describe", "pod", &pod.name, "-n", &pod.namespace];
            kubectl.run(&arguments).unwrap_or_default()
        })?;
        let text = |pointer: &str| {
            let value = object.pointer(pointer).and_then(Value::as_str);
            value.with_context(|| format!("{what}: no {pointer}"))
        };
        Ok(RunningPod {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            uid: text("/metadata/uid")?.to_owned(),
            ip: text("/status/podIP")?.parse()?,
        })
    }

    /// A process of a pod: both nodes' processes are this machine's. `None` if it has none.
    pub fn process(&self, pod: &RunningPod) -> Result<Option<u32>> {
        for entry in std::fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // It may end at any moment.
            let path = format!("/proc/{pid}/cgroup");
            let cgroup = std::fs::read_to_string(path).unwrap_or_default();
            if cgroup.contains(&pod.uid) {
                return Ok(Some(pid));
            }
        }
        Ok(None)
    }

    /// `kubectl exec`: a command in a pod; what it printed.
    pub fn exec(&self, pod: &RunningPod, command: &[&str]) -> Result<String> {
        let mut arguments = vec!["exec", &pod.name, "-n", &pod.namespace, "--"];
        arguments.extend(command);
        self.kubectl().run(&arguments)
    }

    /// Deletes a namespace with all that is in it, and waits for its end.
    pub fn delete_namespace(&self, namespace: &str) -> Result<()> {
        // The controller that empties a namespace waits half a minute for pods that it
        // has to end itself. A namespace that is not there has none.
        let _ = self
            .kubectl()
            .run(&["delete", "pods", "--all", "-n", namespace]);
        let arguments = ["delete", "namespace", namespace, "--ignore-not-found"];
        self.kubectl().run(&arguments).map(drop)
    }
}

fn list(items: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}
