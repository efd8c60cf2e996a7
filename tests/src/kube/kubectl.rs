//! `kubectl`, as a user would call it.

use std::{
    ffi::OsString,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// How to reach one API server as one user.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    network: Option<PathBuf>,
}

impl Kubectl {
    pub(crate) fn new(program: PathBuf, kubeconfig: PathBuf, network: Option<PathBuf>) -> Self {
        Self {
            program,
            kubeconfig,
            network,
        }
    }

    /// The same server as another user.
    #[must_use]
    pub fn with_kubeconfig(&self, kubeconfig: &Path) -> Self {
        Self {
            kubeconfig: kubeconfig.to_owned(),
            ..self.clone()
        }
    }

    /// Whose rights it has.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A command without arguments yet.
    pub fn command(&self) -> Command {
        let mut line = self.line().into_iter();
        let mut command = Command::new(line.next().unwrap_or_default());
        command.args(line).stdin(Stdio::null());
        command
    }

    /// The words that every command begins with.
    pub(crate) fn line(&self) -> Vec<OsString> {
        let mut line = Vec::new();
        if let Some(network) = &self.network {
            let mut net = OsString::from("--net=");
            net.push(network);
            line.extend(["nsenter".into(), net, "--".into()]);
        }
        line.push(self.program.clone().into());
        line.extend(["--kubeconfig".into(), self.kubeconfig.clone().into()]);
        // What it learns of the server lies beside the key to it, not in the home.
        let cache = self.kubeconfig.with_extension("cache");
        line.extend(["--cache-dir".into(), cache.into()]);
        line
    }

    /// Runs it; returns what it printed.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command().args(arguments).output();
        read(&output.context("running kubectl")?, arguments)
    }

    /// Runs it and reads what it printed as JSON; `--output json` is added.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let mut arguments = arguments.to_vec();
        arguments.push("--output=json");
        Ok(serde_json::from_str(&self.run(&arguments)?)?)
    }

    /// `kubectl apply` of these documents.
    pub fn apply(&self, yaml: &str) -> Result<String> {
        self.with_input(&["apply", "--filename=-"], yaml)
    }

    /// Runs it with `input` on its standard input.
    pub fn with_input(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("running kubectl")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        read(&child.wait_with_output()?, arguments)
    }

    /// A token of a service account, good for `seconds` (the server's least is 600). With a
    /// node it names that node, as the token of a pod there does.
    pub fn token(
        &self,
        namespace: &str,
        account: &str,
        node: Option<&str>,
        seconds: u32,
    ) -> Result<String> {
        let duration = format!("--duration={seconds}s");
        let mut arguments = vec![
            "create",
            "token",
            account,
            "--namespace",
            namespace,
            &duration,
        ];
        if let Some(node) = node {
            arguments.extend(["--bound-object-kind", "Node", "--bound-object-name", node]);
        }
        Ok(self.run(&arguments)?.trim().to_owned())
    }
}

fn read(output: &Output, arguments: &[&str]) -> Result<String> {
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("kubectl {}: {}", arguments.join(" "), stderr.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
