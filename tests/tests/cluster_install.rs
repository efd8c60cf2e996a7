//! Other ways to install it than `install.yaml`: the kustomization, and the chart by the
//! README's own commands.
#![expect(clippy::print_stdout, reason = "what a user sees is worth seeing")]

use std::{path::Path, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use dpi_tests::{
    cluster::{Cluster, Shipped},
    kernel_fixture::skipped,
    kube::Programs,
    lab::wait_for,
    readme::Readme,
};

const NAME: &str = "docker.io/library/dpi-agent";
/// Images are unpacked, pods scheduled, rules compiled, on a machine that may be busy.
const ROLLOUT: Duration = Duration::from_secs(180);

#[test]
fn by_kustomize_and_by_helm() -> Result<()> {
    let Some(shipped) = Shipped::get()? else {
        return Ok(());
    };
    let played = kustomize(&shipped).and_then(|()| helm(&shipped));
    let cleaned = shipped.clean();
    played.and(cleaned)
}

/// What the kustomization makes is what `install.yaml` has.
fn kustomize(cluster: &Shipped) -> Result<()> {
    let kubectl = cluster.kubectl();
    let (bases, file) = (deploy("kustomize"), deploy("install.yaml"));
    kubectl.run(&["apply", "--kustomize", &bases])?;
    ready(cluster, "the kustomization")?;
    // It fails where there is a difference, and prints it.
    let difference = kubectl.run(&["diff", "--filename", &file])?;
    ensure!(difference.trim().is_empty(), "{difference}");
    remove_agents(cluster)?;
    kubectl.run(&["delete", "--kustomize", &bases])?;
    cluster.nothing_is_left()
}

/// Installed, upgraded and uninstalled as the README says.
fn helm(cluster: &Shipped) -> Result<()> {
    let Ok(programs) = Programs::find(&["helm"]) else {
        skipped(&"there is no helm: run `cargo xtask setup`");
        return Ok(());
    };
    let helm = Helm {
        program: programs.path("helm"),
        readme: Readme::read()?,
        cluster,
    };
    let lint = helm.run(&["lint", "--strict", &deploy("helm/dpi-agent")])?;
    println!("{lint}");
    helm.block(0, "dev")?;
    ready(cluster, "the chart")?;
    cluster.tag(&format!("{NAME}:dev"), &format!("{NAME}:next"))?;
    helm.block(1, "next")?;
    let get = ["get", "daemonset", "tigera-dpi", "-n", "tigera-dpi"];
    wait_for("agents of the next image", ROLLOUT, || {
        let object = cluster.kubectl().json(&get)?;
        let image = object.pointer("/spec/template/spec/containers/0/image");
        Ok(image.is_some_and(|image| *image == format!("{NAME}:next")))
    })?;
    ready(cluster, "the next image")?;
    helm.block(2, "")?;
    cluster.nothing_is_left()
}

struct Helm<'a> {
    program: PathBuf,
    readme: Readme,
    cluster: &'a Cluster,
}

impl Helm<'_> {
    /// The commands of one block of the README, each with the cluster's own programs.
    fn block(&self, number: usize, tag: &str) -> Result<()> {
        let fill = [("your-image-name", NAME), ("your-image-tag", tag)];
        let commands = self.readme.block(("Helm", "sh", number), &fill)?;
        for line in commands.lines() {
            println!("$ {line}");
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.split_first() {
                Some((&"helm", arguments)) => println!("{}", self.run(arguments)?),
                Some((&"kubectl", arguments)) => {
                    println!("{}", self.cluster.kubectl().run(&in_place(arguments))?);
                }
                _ => anyhow::bail!("{line:?} is neither of helm nor of kubectl"),
            }
        }
        Ok(())
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        let kubectl = self.cluster.kubectl();
        let output = Command::new("nsenter")
            .arg(format!(
                "--net={}",
                self.cluster.control_network().display()
            ))
            .arg("--")
            .arg(&self.program)
            .args(arguments)
            .env("KUBECONFIG", kubectl.kubeconfig())
            .current_dir(deploy(".."))
            .output()
            .context("running helm")?;
        let printed = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        ensure!(
            output.status.success(),
            "helm {}: {} {}",
            arguments.join(" "),
            printed(&output.stdout),
            printed(&output.stderr)
        );
        Ok(printed(&output.stdout))
    }
}

/// The README's commands are given in the repository's folder.
fn in_place(arguments: &[&str]) -> Vec<&'static str> {
    let placed = arguments
        .iter()
        .map(|word| match word.strip_prefix("deploy/") {
            Some(rest) => deploy(rest),
            None => (*word).to_owned(),
        });
    // A handful of words in a test.
    placed.map(|word| &*word.leak()).collect()
}

/// Waits until the operator says that its agents are.
fn ready(cluster: &Cluster, what: &str) -> Result<()> {
    let get = ["get", "intrusiondetection", "tigera-secure"];
    let state = || Some(cluster.kubectl().json(&get).ok()?["status"]["state"] == "Ready");
    let took = wait_for(what, ROLLOUT, || Ok(state() == Some(true))).with_context(|| {
        cluster
            .kubectl()
            .run(&["get", "pods", "-A"])
            .unwrap_or_default()
    })?;
    println!("{what}: Ready after {:.1} s", took.as_secs_f64());
    Ok(())
}

fn remove_agents(cluster: &Cluster) -> Result<()> {
    let kubectl = cluster.kubectl();
    kubectl.run(&["delete", "intrusiondetection", "tigera-secure"])?;
    let namespace = [
        "wait",
        "--for=delete",
        "namespace/tigera-dpi",
        "--timeout=120s",
    ];
    kubectl.run(&namespace).map(drop)
}

fn deploy(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    folder.join(file).display().to_string()
}
