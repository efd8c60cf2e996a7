//! The specification page on a real cluster: the commands of the README's section "On a
//! cluster", word for word and in their order, with the image as it is shipped.
#![expect(clippy::print_stdout, reason = "what a user sees is worth seeing")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use dpi_tests::{
    cluster::{NODES, PodSpec, PodTraffic, RunningPod, STATE_DIR, Shipped, write_rules_image},
    readme::Readme,
};
use serde_json::Value;

const NAMESPACE: &str = "sample";
const INSPECTION: &str = "sample-dpi-nginx";
const ATTACK: &str = "/download?file=../../../secret";
/// "WEB-ATTACK path traversal, three levels up in the raw URI".
const SID: u64 = 9_000_009;
const CUSTOM_IMAGE: (&str, &str) = ("docker.io/library/custom-rules", "1");
/// The same under another name: what an upgrade does is what counts.
const NEXT_IMAGE: (&str, &str) = ("docker.io/library/dpi-agent", "next");
const AGENT_IMAGE: &str = "/spec/template/spec/containers/0/image";
const CUSTOM_ATTACK: &str = "/custom-rule-fires";
const CUSTOM_SID: u64 = 1_000_001;
const CUSTOM_RULE: &str = "alert http any any -> any any (msg:\"own rule\"; http_uri; \
                           content:\"/custom-rule-fires\"; sid:1000001; rev:1;)\n";
const SUPPRESS: &str = "suppress = { { gid = 1, sid = 1000001 } }\nwizard = {}\n";
const NO_EFFECT: &str = "snort.lua:2: wizard has no effect here";
/// Images are unpacked, pods scheduled, rules compiled, on a machine that may be busy.
const ROLLOUT: Duration = Duration::from_secs(180);
const SOON: Duration = Duration::from_secs(15);

/// Between two looks, each of which starts a program or two.
const PAUSE: Duration = Duration::from_millis(250);

/// A user at a terminal.
struct User {
    cluster: Shipped,
    readme: Readme,
    /// Where the commands are run.
    directory: tempfile::TempDir,
    pods: Vec<RunningPod>,
}

#[test]
fn the_page_is_played() -> Result<()> {
    let Some(cluster) = Shipped::get()? else {
        return Ok(());
    };
    let user = User::arrive(cluster)?;
    let played = user.play().with_context(|| user.what_agents_say());
    // Whatever happened, the next test finds nothing of it.
    let cleaned = user.clean();
    played.and(cleaned)
}

impl User {
    fn arrive(cluster: Shipped) -> Result<User> {
        let directory = tempfile::tempdir()?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        std::os::unix::fs::symlink(root.join("deploy"), directory.path().join("deploy"))?;
        let user = User {
            readme: Readme::read()?,
            directory,
            pods: Vec::new(),
            cluster,
        };
        user.cluster.delete_namespace(NAMESPACE)?;
        let pods = user.cluster.run_pods(&[
            PodSpec::new(NAMESPACE, "nginx", NODES[1]).label("k8s-app", "nginx"),
            PodSpec::new(NAMESPACE, "client", NODES[0]).label("k8s-app", "client"),
        ])?;
        Ok(User { pods, ..user })
    }

    fn play(&self) -> Result<()> {
        self.install_and_inspect()?;
        self.verify()?;
        self.access_alerts()?;
        self.processes_have_no_more_than_they_must()?;
        self.set_resources()?;
        self.refuse_resources()?;
        self.bring_rules()?;
        self.bring_rules_by_config_map()?;
        self.upgrade_and_back()?;
        self.stop()?;
        self.uninstall()
    }

    /// From a cluster that has never heard of it to the first Event.
    fn install_and_inspect(&self) -> Result<()> {
        let install = self.readme.block(("Install", "sh", 0), &[])?;
        let mut lines = install.lines();
        // The image is there already, under the name that the manifest has.
        ensure!(
            lines
                .next()
                .is_some_and(|line| line.starts_with("cargo xtask image "))
        );
        let begun = Instant::now();
        for line in lines {
            self.run(line)?;
        }
        self.write(
            "inspection.yaml",
            ("Configure deep packet inspection", "yaml", 0),
        )?;
        let apply = self.readme.block(
            ("Configure deep packet inspection", "sh", 0),
            &[("your_deep_packet_inspection_filename", "inspection.yaml")],
        )?;
        self.run(&apply)?;
        until("the first Event", ROLLOUT, || {
            self.attack(ATTACK);
            Ok(!self.events(SID)?.is_empty())
        })?;
        println!(
            "kubectl apply -f deploy/install.yaml → first Event: {:.1} s",
            begun.elapsed().as_secs_f64()
        );
        self.installed("Ready")
    }

    fn verify(&self) -> Result<()> {
        let names = [
            ("deep_packet_inspection_resource_name", INSPECTION),
            ("deep_packet_inspection_namespace", NAMESPACE),
        ];
        let verify = ("Verify deep packet inspection is running", "sh", 0);
        let command = self.readme.block(verify, &names)?;
        until("Ready in the columns", SOON, || {
            let shown = self.run(&command)?;
            Ok(shown.contains(INSPECTION) && shown.contains("1/1") && shown.contains("True"))
        })?;
        Ok(())
    }

    fn access_alerts(&self) -> Result<()> {
        let names = [("deep_packet_inspection_namespace", NAMESPACE)];
        let commands = self.readme.block(("Access alerts", "sh", 0), &names)?;
        let (events, logs) = commands.trim().split_once('\n').context("two commands")?;
        let shown = self.run(events)?;
        ensure!(
            shown.contains("pod/nginx") && shown.contains("path traversal"),
            "{shown}"
        );
        let shown = self.run(logs)?;
        let alerts = shown
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let sids: Vec<u64> = alerts
            .filter_map(|alert| alert.pointer("/alert/signature_id")?.as_u64())
            .collect();
        ensure!(
            !sids.is_empty() && sids.iter().all(|sid| *sid == SID),
            "{sids:?}"
        );
        Ok(())
    }

    /// What /proc tells of the processes in the running pods.
    fn processes_have_no_more_than_they_must(&self) -> Result<()> {
        let supervisors = self.cluster.agents.processes(&["node"])?;
        ensure!(supervisors.len() == NODES.len(), "{supervisors:?}");
        // BPF, PERFMON, NET_RAW, NET_ADMIN (linux/capability.h).
        let four: u64 = 1 << 39 | 1 << 38 | 1 << 13 | 1 << 12;
        for process in &supervisors {
            ensure!(process.capabilities == four, "{process:?}");
            ensure!(process.no_new_privs && process.seccomp == 2, "{process:?}");
        }
        // One node has something to inspect.
        let workers = self.cluster.agents.processes(&["worker"])?;
        ensure!(workers.len() == 1, "{workers:?}");
        for process in &workers {
            ensure!(process.capabilities == 0, "{process:?}");
            ensure!(process.no_new_privs && process.seccomp == 2, "{process:?}");
            // The container's own filter is beneath those of the worker.
            ensure!(
                process.seccomp_filters > supervisors[0].seccomp_filters,
                "{process:?}"
            );
        }
        println!("supervisors: {supervisors:?}\nworker: {workers:?}");
        Ok(())
    }

    fn set_resources(&self) -> Result<()> {
        let section = "Configure resource requirements";
        self.write("resources.yaml", (section, "yaml", 0))?;
        // The page's figures are the defaults: others show that they are taken.
        let text = fs::read_to_string(self.path("resources.yaml"))?;
        fs::write(
            self.path("resources.yaml"),
            text.replace("cpu: 100m", "cpu: 150m"),
        )?;
        let names = [("your_resource_requirements_filename", "resources.yaml")];
        self.run(&self.readme.block((section, "sh", 0), &names)?)?;
        until("the requests of the DaemonSet", SOON, || {
            let resources = self.daemonset("/spec/template/spec/containers/0/resources")?;
            Ok(resources["requests"]["cpu"] == "150m" && resources["limits"]["memory"] == "1Gi")
        })?;
        self.installed("Ready")
    }

    /// Odd input is told, and nothing changes.
    fn refuse_resources(&self) -> Result<()> {
        let before = self.daemonset("/metadata/generation")?;
        for (patch, words) in [
            (
                r#"{"spec":{"componentResources":[{"componentName":"DeepPacketInspection","resourceRequirements":{"limits":{"cpu":"-3"}}}]}}"#,
                "less than nothing",
            ),
            (
                r#"{"spec":{"componentResources":[{"componentName":"DeepPacketInspection","resourceRequirements":{}},{"componentName":"DeepPacketInspection","resourceRequirements":{}}]}}"#,
                "2 entries",
            ),
        ] {
            self.patch(patch)?;
            self.installed("Degraded")?;
            let told = self.installation()?.to_string();
            ensure!(told.contains(words), "{told}");
        }
        ensure!(self.daemonset("/metadata/generation")? == before);
        // An empty template is nothing odd.
        self.patch(r#"{"spec":{"componentResources":[],"deepPacketInspectionDaemonset":{"spec":{"template":{}}}}}"#)?;
        self.installed("Ready")
    }

    fn bring_rules(&self) -> Result<()> {
        let section = "Install custom Snort rules";
        let (name, tag) = CUSTOM_IMAGE;
        let names = [("your-image-name", name), ("your-image-tag", tag)];
        let rules = self.path("snort-rules");
        fs::create_dir(&rules)?;
        fs::write(rules.join("own.rules"), CUSTOM_RULE)?;
        // Docker is not everywhere: the same image is made without.
        let docker = self.readme.block((section, "sh", 0), &names)?;
        ensure!(
            docker.lines().all(|line| line.starts_with("docker ")),
            "{docker}"
        );
        let archive = self.path("rules.tar");
        write_rules_image(&archive, &format!("{name}:{tag}"), &rules)?;
        self.cluster.load(&archive)?;
        let begun = Instant::now();
        self.run(&self.readme.block((section, "sh", 1), &names)?)?;
        until("the container of rules", SOON, || {
            let first = self.daemonset("/spec/template/spec/initContainers/0")?;
            Ok(first["name"] == "snort-rules" && first["image"] == format!("{name}:{tag}"))
        })?;
        self.installed("Ready")?;
        let old = self.events(SID)?;
        until("an Event of the new rule", ROLLOUT, || {
            self.attack(CUSTOM_ATTACK);
            Ok(!self.events(CUSTOM_SID)?.is_empty())
        })?;
        println!(
            "kubectl patch intrusiondetection → Event of a custom rule: {:.1} s",
            begun.elapsed().as_secs_f64()
        );
        self.attack(ATTACK);
        self.attack(CUSTOM_ATTACK);
        thread::sleep(Duration::from_secs(2));
        ensure!(self.events(SID)? == old, "an old rule fires");
        let extracted = self.path("extracted");
        fs::create_dir(&extracted)?;
        let verify = self.readme.block(("Verify the rules", "sh", 0), &[])?;
        run_in(&extracted, &verify)?;
        let mut files = fs::read_dir(&extracted)?.collect::<Result<Vec<_>, _>>()?;
        ensure!(files.len() == 1, "{files:?}");
        let file = files.remove(0);
        ensure!(file.file_name() == "own.rules");
        ensure!(fs::read_to_string(file.path())? == CUSTOM_RULE);
        Ok(())
    }

    /// Without an image, without a restart at a change, and with a `snort.lua`.
    fn bring_rules_by_config_map(&self) -> Result<()> {
        let section = "Rules from a ConfigMap";
        self.patch(r#"{"spec":{"deepPacketInspectionDaemonset":null}}"#)?;
        self.installed("Ready")?;
        let folder = self.path("config-map");
        fs::create_dir(&folder)?;
        fs::write(folder.join("own.rules"), CUSTOM_RULE)?;
        let names = [("your-rules-directory", "config-map")];
        let before = self.events(CUSTOM_SID)?;
        self.run(&self.readme.block((section, "sh", 0), &names)?)?;
        until("the volume of rules", SOON, || {
            let volumes = self.daemonset("/spec/template/spec/volumes")?;
            Ok(volumes
                .to_string()
                .contains("\"configMap\":{\"defaultMode\""))
        })?;
        self.installed("Ready")?;
        until("an Event of the rule in it", ROLLOUT, || {
            self.attack(CUSTOM_ATTACK);
            Ok(self.events(CUSTOM_SID)? != before)
        })?;
        fs::write(folder.join("snort.lua"), SUPPRESS)?;
        let changed = Instant::now();
        self.run(&self.readme.block((section, "sh", 1), &names)?)?;
        until("the change in the agents' logs", ROLLOUT, || {
            let logs = [
                "logs",
                "-n",
                "tigera-dpi",
                "-l",
                "k8s-app=tigera-dpi",
                "--tail=-1",
            ];
            Ok(self.cluster.kubectl().run(&logs)?.contains(NO_EFFECT))
        })?;
        println!(
            "kubectl apply of a ConfigMap → snort.lua in force: {:.1} s",
            changed.elapsed().as_secs_f64()
        );
        let before = self.events(CUSTOM_SID)?;
        self.attack(CUSTOM_ATTACK);
        thread::sleep(Duration::from_secs(12));
        ensure!(
            self.events(CUSTOM_SID)? == before,
            "a suppressed rule fires"
        );
        self.run(&self.readme.block((section, "sh", 2), &[])?)?;
        self.installed("Ready")
    }

    /// To another image and back, under datagrams and a bulk connection between the pods.
    fn upgrade_and_back(&self) -> Result<()> {
        let (name, tag) = NEXT_IMAGE;
        let next = format!("{name}:{tag}");
        let now = self.daemonset(AGENT_IMAGE)?;
        let now = now.as_str().context("the agents have no image")?;
        self.cluster.tag(now, &next)?;
        let names = [("your-image-name", name), ("your-image-tag", tag)];
        let commands = self.readme.block(("Upgrade", "sh", 0), &names)?;
        let (there, back) = commands.trim().split_once('\n').context("two commands")?;
        let without = self.traffic()?.finish()?;
        println!("without an upgrade: {without:?}");
        for (command, image) in [(there, &*next), (back, now)] {
            let done = AtomicBool::new(false);
            let traffic = self.traffic()?;
            let blind = thread::scope(|scope| {
                let blind = scope.spawn(|| self.time_without_programs(&done));
                let rolled_out = self.run(command).and_then(|_| {
                    until(&format!("agents of {image}"), ROLLOUT, || {
                        Ok(self.daemonset(AGENT_IMAGE)? == image && self.rolled_out()?)
                    })
                });
                done.store(true, Ordering::Relaxed);
                rolled_out?;
                blind.join().map_err(|_| anyhow!("nobody looked"))
            })?;
            let with = traffic.finish()?;
            println!(
                "→ {image}: {:.1} s without programs; {with:?}",
                blind.as_secs_f64()
            );
            ensure!(
                with.gaps <= without.gaps,
                "{with:?}, without an upgrade {without:?}"
            );
        }
        Ok(())
    }

    fn time_without_programs(&self, done: &AtomicBool) -> Duration {
        let mut blind = Duration::ZERO;
        let mut at = Instant::now();
        while !done.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(10));
            let since = std::mem::replace(&mut at, Instant::now()).elapsed();
            if self.cluster.agents.links() == 0 {
                blind += since;
            }
        }
        blind
    }

    /// From the one pod to the other, for longer than a roll-out takes.
    fn traffic(&self) -> Result<PodTraffic> {
        let program = Path::new(env!("CARGO_BIN_EXE_traffic"));
        PodTraffic::start(&self.cluster, program, &self.pods[1], &self.pods[0], 25)
    }

    fn rolled_out(&self) -> Result<bool> {
        let object = self.installation()?;
        let rolled = object.pointer("/status/conditions/1/status");
        let ready = object.pointer("/status/conditions/0/message");
        let both = |message: &Value| {
            let message = message.as_str().unwrap_or_default();
            message.starts_with("2 of 2 ") && message.contains(" 2 the latest")
        };
        let known = self.daemonset("/status/observedGeneration")?
            == self.daemonset("/metadata/generation")?;
        Ok(known && rolled == Some(&Value::from("False")) && ready.is_some_and(both))
    }

    fn stop(&self) -> Result<()> {
        ensure!(self.cluster.agents.links() > 0, "nothing was attached");
        let names = [("your_deep_packet_inspection_filename", "inspection.yaml")];
        let delete = ("Stop deep packet inspection", "sh", 0);
        self.run(&self.readme.block(delete, &names)?)?;
        let took = until("no program on any node", SOON, || {
            Ok(self.cluster.agents.links() == 0)
        })?;
        println!("kubectl delete → no program left: {} ms", took.as_millis());
        Ok(())
    }

    fn uninstall(&self) -> Result<()> {
        let before = self.cluster.agents.processes(&["node"])?;
        ensure!(before.len() == NODES.len(), "{before:?}");
        self.run(&self.readme.block(("Uninstall", "sh", 0), &[])?)?;
        self.cluster.nothing_is_left()
    }

    /// What an earlier run, or another test, left.
    fn clean(&self) -> Result<()> {
        self.cluster.clean()?;
        self.cluster.delete_namespace(NAMESPACE)
    }

    /// Runs commands as a shell does, with the cluster's kubectl, and shows them.
    fn run(&self, commands: &str) -> Result<String> {
        run_in(self.directory.path(), commands)
    }

    fn write(&self, name: &str, block: (&str, &str, usize)) -> Result<()> {
        Ok(fs::write(self.path(name), self.readme.block(block, &[])?)?)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn attack(&self, uri: &str) {
        let url = format!("http://{}{uri}", self.pods[0].ip);
        // The file is not there; the request was made.
        let request = ["timeout", "5", "wget", "-q", "-O", "-", &url];
        let _ = self.cluster.exec(&self.pods[1], &request);
    }

    /// Names and counts of the Events of a rule.
    fn events(&self, sid: u64) -> Result<Vec<String>> {
        let get = ["get", "events.events.k8s.io", "-n", NAMESPACE];
        let list = self.cluster.kubectl().json(&get)?;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let of_rule = |event: &&Value| event["action"] == format!("Match-1-{sid}");
        let told = items
            .iter()
            .filter(of_rule)
            .map(|event| format!("{} {}", event["metadata"]["name"], event["series"]["count"]));
        Ok(told.collect())
    }

    fn installation(&self) -> Result<Value> {
        let get = ["get", "intrusiondetection", "tigera-secure"];
        self.cluster.kubectl().json(&get)
    }

    /// Waits until the whole installation is in this state, by its present specification.
    fn installed(&self, state: &str) -> Result<()> {
        let what = format!("tigera-secure {state}");
        let waited = until(&what, ROLLOUT, || {
            let object = self.installation()?;
            let generation = &object["metadata"]["generation"];
            let observed = object.pointer("/status/conditions/0/observedGeneration");
            Ok(object["status"]["state"] == state && observed == Some(generation))
        });
        let took = waited.with_context(|| {
            self.installation()
                .map(|object| object.to_string())
                .unwrap_or_default()
        })?;
        println!("{what} after {:.1} s", took.as_secs_f64());
        Ok(())
    }

    fn daemonset(&self, pointer: &str) -> Result<Value> {
        let get = ["get", "daemonset", "tigera-dpi", "-n", "tigera-dpi"];
        let object = self.cluster.kubectl().json(&get)?;
        Ok(object.pointer(pointer).cloned().unwrap_or_default())
    }

    fn patch(&self, patch: &str) -> Result<()> {
        let name = ["intrusiondetection", "tigera-secure"];
        let arguments = ["patch", name[0], name[1], "--type", "merge", "-p", patch];
        self.cluster.kubectl().run(&arguments).map(drop)
    }

    /// For whoever has to find out.
    fn what_agents_say(&self) -> String {
        let kubectl = self.cluster.kubectl();
        let looks: [&[&str]; 5] = [
            &["get", "pods", "-A", "-o", "wide"],
            &["get", "intrusiondetection,dpi", "-A", "-o", "yaml"],
            &["describe", "pods", "-n", "tigera-dpi"],
            &[
                "logs",
                "-n",
                "dpi-agent",
                "deployment/dpi-agent-operator",
                "--all-pods",
            ],
            &[
                "logs",
                "-n",
                "tigera-dpi",
                "-l",
                "k8s-app=tigera-dpi",
                "--all-containers",
            ],
        ];
        let said = looks.map(|look| {
            let said = kubectl
                .run(look)
                .unwrap_or_else(|error| format!("{error:#}"));
            format!("$ kubectl {}\n{said}\n", look.join(" "))
        });
        said.concat()
    }
}

fn run_in(directory: &Path, commands: &str) -> Result<String> {
    for line in commands.lines() {
        println!("$ {line}");
    }
    let path = env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-e", "-o", "pipefail", "-c", commands])
        .current_dir(directory)
        .env("PATH", format!("{STATE_DIR}:{path}"))
        .stdin(Stdio::null())
        .output()?;
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{shown}");
    if !output.status.success() {
        bail!("{commands}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(shown)
}

/// Looks again and again until `ready`, and says how long that took.
fn until(what: &str, limit: Duration, mut ready: impl FnMut() -> Result<bool>) -> Result<Duration> {
    let begun = Instant::now();
    while !ready()? {
        ensure!(
            begun.elapsed() < limit,
            "{what}: not within {} s",
            limit.as_secs()
        );
        thread::sleep(PAUSE);
    }
    Ok(begun.elapsed())
}
