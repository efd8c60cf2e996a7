//! etcd and kube-apiserver: their options, and when they are ready.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{
    daemon::Daemon,
    kubeconfig::{self, Credentials},
    kubectl::Kubectl,
    pki::{self, Authority},
    programs::Programs,
};

/// Service addresses. The first is the API server's own.
pub(crate) const SERVICE_RANGE: &str = "10.0.0.0/24";
const API_SERVICE: &str = "10.0.0.1";
/// Kubernetes reckons with this group as almighty.
const ADMINS: &str = "system:masters";
/// A loaded machine with a cold disk may need that long.
const READY: Duration = Duration::from_secs(120);

/// Where the servers listen, and where their files are.
pub(crate) struct ControlPlane<'a> {
    /// Certificates, keys, data and logs go below it.
    pub(crate) directory: &'a Path,
    /// The API server's own address.
    pub(crate) address: &'a str,
    /// Its port.
    pub(crate) port: u16,
    /// etcd's ports for clients and for peers, on loopback.
    pub(crate) etcd_ports: (u16, u16),
    /// Kubelets are there: their logs are fetched and their Services are real.
    pub(crate) has_nodes: bool,
}

impl ControlPlane<'_> {
    /// Writes certificates and `admin.kubeconfig`.
    pub(crate) fn write_identities(&self, authority: &Authority) -> Result<()> {
        let directory = self.directory;
        pki::write(&directory.join("ca.crt"), authority.certificate())?;
        pki::write_signing_key(directory, "service-accounts")?;
        let names = [
            self.address,
            API_SERVICE,
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
        ];
        let server = authority.server("kube-apiserver", &names)?;
        server.write(directory, "apiserver")?;
        // The kubelets' own API asks for the same rights.
        let client = authority.client("kube-apiserver-kubelet-client", Some(ADMINS))?;
        client.write(directory, "kubelet-client")?;
        self.write_kubeconfig(authority, "admin", "admin", Some(ADMINS))
    }

    /// Writes `NAME.kubeconfig` for a user by certificate.
    pub(crate) fn write_kubeconfig(
        &self,
        authority: &Authority,
        name: &str,
        user: &str,
        group: Option<&str>,
    ) -> Result<()> {
        let identity = authority.client(user, group)?;
        kubeconfig::write(
            &self.directory.join(format!("{name}.kubeconfig")),
            &self.url(),
            authority.certificate(),
            &Credentials::Certificate(&identity),
        )
    }

    /// Where clients find the API server.
    pub(crate) fn url(&self) -> String {
        format!("https://{}:{}", self.address, self.port)
    }

    /// Adds the options of etcd to its command.
    pub(crate) fn etcd(&self, command: &mut Command) {
        let (client, peer) = self.etcd_ports;
        let client = format!("http://127.0.0.1:{client}");
        let peer = format!("http://127.0.0.1:{peer}");
        command
            .arg("--data-dir")
            .arg(self.directory.join("etcd"))
            .args(["--name", "test", "--listen-client-urls", &client])
            .args(["--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer])
            .args(["--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("test={peer}")])
            .args(["--logger", "zap", "--log-level", "warn"]);
    }

    /// Adds the options of the API server to its command.
    pub(crate) fn api_server(&self, command: &mut Command) {
        let file = |name: &str| self.directory.join(name);
        let mut path = |flag: &str, name: &str| {
            command.arg(flag).arg(file(name));
        };
        path("--tls-cert-file", "apiserver.crt");
        path("--tls-private-key-file", "apiserver.key");
        path("--client-ca-file", "ca.crt");
        path("--service-account-key-file", "service-accounts.pub");
        path("--service-account-signing-key-file", "service-accounts.key");
        path("--kubelet-client-certificate", "kubelet-client.crt");
        path("--kubelet-client-key", "kubelet-client.key");
        command
            .arg(format!(
                "--etcd-servers=http://127.0.0.1:{}",
                self.etcd_ports.0
            ))
            .arg(format!("--bind-address={}", self.address))
            .arg(format!("--advertise-address={}", self.address))
            .arg(format!("--secure-port={}", self.port))
            .arg(format!("--service-cluster-ip-range={SERVICE_RANGE}"))
            .arg("--service-account-issuer=https://kubernetes.default.svc")
            .arg("--authorization-mode=Node,RBAC")
            .arg("--allow-privileged=true")
            .arg("--kubelet-preferred-address-types=InternalIP")
            .arg("--profiling=false");
        if !self.has_nodes {
            // No controller makes the accounts that pods would be given, and a Service
            // cannot lead to loopback.
            command
                .arg("--disable-admission-plugins=ServiceAccount")
                .arg("--endpoint-reconciler-type=none");
        }
    }

    /// `kubectl` as administrator.
    pub(crate) fn kubectl(&self, programs: &Programs, network: Option<&Path>) -> Kubectl {
        Kubectl::new(
            programs.path("kubectl"),
            self.directory.join("admin.kubeconfig"),
            network.map(Path::to_owned),
        )
    }
}

/// Waits until the API server answers that all its parts are ready, RBAC's own roles
/// among them.
pub(crate) fn wait_ready(kubectl: &Kubectl, daemons: &[&Daemon], logs: &Path) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        if let Some(ended) = daemons.iter().find(|daemon| !daemon.alive()) {
            bail!("{} ended: {}", ended.name, last_lines(logs, &ended.name));
        }
        let answer = kubectl.run(&["get", "--raw", "/readyz"]);
        if answer.as_ref().is_ok_and(|text| text == "ok") {
            return Ok(begun.elapsed());
        }
        if begun.elapsed() > READY {
            return Err(answer.err().context("no answer")?)
                .context(format!("the API server is not ready after {READY:?}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The end of a daemon's log, for messages.
pub(crate) fn last_lines(logs: &Path, name: &str) -> String {
    let path = logs.join(format!("{name}.log"));
    let text = fs::read(&path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().rev().take(10).collect();
    let lines: Vec<&str> = lines.into_iter().rev().collect();
    format!("{}\n{}", path.display(), lines.join("\n"))
}
