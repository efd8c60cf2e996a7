//! The fixture.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result};

use super::{
    control_plane::{ControlPlane, wait_ready},
    daemon::Daemon,
    kubeconfig::{self, Credentials},
    kubectl::Kubectl,
    pki::Authority,
    programs::Programs,
};
use crate::kernel_fixture::skipped;

/// Directories are `dpi-kube-PID-N`, so that those of a killed process can be told.
const PREFIX: &str = "dpi-kube-";
const RECORD: &str = "daemons.json";
const ADDRESS: &str = "127.0.0.1";
const NEEDED: [&str; 3] = ["etcd", "kube-apiserver", "kubectl"];

/// An API server with RBAC and a store of its own. Both processes and all files are gone
/// when it is dropped, also when the test panics; those of a killed test go when the next
/// one starts.
pub struct ApiServer {
    directory: PathBuf,
    port: u16,
    etcd_ports: (u16, u16),
    authority: Authority,
    programs: Programs,
    daemons: Vec<Daemon>,
    /// From the start of etcd to a ready API server.
    pub started_in: Duration,
}

impl ApiServer {
    /// Starts one; `None`, with the reason printed, where the programs are not there and
    /// the test is to be skipped.
    pub fn start() -> Result<Option<ApiServer>> {
        match Programs::find(&NEEDED) {
            Ok(programs) => Self::start_with(programs).map(Some),
            Err(missing) => {
                skipped(&missing);
                Ok(None)
            }
        }
    }

    fn start_with(programs: Programs) -> Result<ApiServer> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        remove_stale();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = env::temp_dir().join(format!("{PREFIX}{}-{count}", process::id()));
        fs::create_dir(&directory).with_context(|| format!("making {}", directory.display()))?;
        let [port, client, peer] = free_ports()?;
        let mut server = ApiServer {
            directory,
            port,
            etcd_ports: (client, peer),
            authority: Authority::new("test authority")?,
            programs,
            daemons: Vec::new(),
            started_in: Duration::ZERO,
        };
        server.control_plane().write_identities(&server.authority)?;
        server.start_again()?;
        Ok(server)
    }

    /// Starts both servers, at first or after [`stop`](Self::stop): with what is stored,
    /// at the same address.
    pub fn start_again(&mut self) -> Result<()> {
        let begun = std::time::Instant::now();
        let mut etcd = Command::new(self.programs.path("etcd"));
        self.control_plane().etcd(&mut etcd);
        self.start_one("etcd", &mut etcd)?;
        let mut server = Command::new(self.programs.path("kube-apiserver"));
        self.control_plane().api_server(&mut server);
        self.start_one("kube-apiserver", &mut server)?;
        let daemons: Vec<&Daemon> = self.daemons.iter().collect();
        wait_ready(&self.kubectl(), &daemons, &self.directory)?;
        self.started_in = begun.elapsed();
        Ok(())
    }

    fn start_one(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let log = self.directory.join(format!("{name}.log"));
        self.daemons.push(Daemon::start(name, command, &log)?);
        let record = serde_json::to_vec(&self.daemons)?;
        Ok(fs::write(self.directory.join(RECORD), record)?)
    }

    /// Stops both servers, as if they were unreachable. What is stored stays.
    pub fn stop(&mut self) -> Result<()> {
        // Killed, in no need of farewells: the store survives that. The API server first,
        // which would otherwise miss it.
        while let Some(daemon) = self.daemons.pop() {
            daemon.stop(Duration::ZERO)?;
        }
        Ok(())
    }

    /// `kubectl` as administrator.
    pub fn kubectl(&self) -> Kubectl {
        self.control_plane().kubectl(&self.programs, None)
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.directory.join("admin.kubeconfig")
    }

    /// Writes a kubeconfig with the rights of a service account, which must exist.
    pub fn service_account(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        self.service_account_on(namespace, name, None)
    }

    /// The same; with a node it is as if for a pod there.
    pub fn service_account_on(
        &self,
        namespace: &str,
        name: &str,
        node: Option<&str>,
    ) -> Result<PathBuf> {
        let token = self.kubectl().token(namespace, name, node, 3600)?;
        let path = self
            .directory
            .join(format!("{namespace}-{name}.kubeconfig"));
        let credentials = Credentials::Token(&token);
        let authority = self.authority.certificate();
        kubeconfig::write(&path, &self.control_plane().url(), authority, &credentials)?;
        Ok(path)
    }

    /// Writes a kubeconfig of a user, in a group if one is named.
    pub fn user(&self, name: &str, group: Option<&str>) -> Result<PathBuf> {
        let control_plane = self.control_plane();
        control_plane.write_kubeconfig(&self.authority, name, name, group)?;
        Ok(self.directory.join(format!("{name}.kubeconfig")))
    }

    /// Where everything of it is, logs too.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn control_plane(&self) -> ControlPlane<'_> {
        ControlPlane {
            directory: &self.directory,
            address: ADDRESS,
            port: self.port,
            etcd_ports: self.etcd_ports,
            has_nodes: false,
        }
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        let _ = self.stop();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiServer")
            .field("directory", &self.directory)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Ports that nobody uses at this moment.
fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    let mut held = Vec::new();
    for port in &mut ports {
        let listener = TcpListener::bind((ADDRESS, 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Ends and removes what tests left that were killed before they could.
fn remove_stale() {
    let Ok(entries) = fs::read_dir(env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|n| n.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let record = fs::read(entry.path().join(RECORD)).unwrap_or_default();
            let daemons: Vec<Daemon> = serde_json::from_slice(&record).unwrap_or_default();
            for daemon in daemons.iter().rev() {
                let _ = daemon.stop(Duration::ZERO);
            }
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
