//! The client.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use kube::{
    Client, Config,
    config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError},
};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Why there is no client. None of these heals by waiting.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A kubeconfig was named and cannot be used.
    #[error("kubeconfig {path}: {source}; name a readable one by --kubeconfig")]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<KubeconfigError>,
    },
    /// Nothing was named, and this is no pod.
    #[error(
        "no API server is known ({0}); run in a pod with a service account, name a kubeconfig by \
         --kubeconfig, or inspect by files with --manifests"
    )]
    NotInCluster(#[from] InClusterError),
    /// The client cannot be made of it.
    #[error(
        "API server: {0}; check the certificates and keys of the kubeconfig or service account"
    )]
    Client(#[from] Box<kube::Error>),
}

/// A client by this kubeconfig, else by the pod's service account. Nothing is sent yet:
/// the API server may be down.
pub async fn connect(kubeconfig: Option<&Path>) -> Result<Client, ConnectError> {
    let mut config = match kubeconfig {
        Some(path) => from_file(path).await?,
        None => Config::incluster()?,
    };
    config.connect_timeout = Some(CONNECT);
    config.write_timeout = Some(super::REQUEST_TIMEOUT);
    // Waiting and trying again is done where it is known what may be late.
    config.default_retry = false;
    Client::try_from(config).map_err(|error| ConnectError::Client(Box::new(error)))
}

async fn from_file(path: &Path) -> Result<Config, ConnectError> {
    let failed = |source| ConnectError::Kubeconfig {
        path: path.to_owned(),
        source: Box::new(source),
    };
    let file = Kubeconfig::read_from(path).map_err(failed)?;
    let options = KubeConfigOptions::default();
    Config::from_custom_kubeconfig(file, &options)
        .await
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_cannot_be_used_is_named_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        for text in [
            None,
            Some("{"),
            Some("kind: Config"),
            Some("current-context: gone"),
        ] {
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            let error = connect(Some(&path)).await.err().unwrap().to_string();
            assert!(error.contains("kubeconfig:"), "{error}");
            assert!(error.contains("--kubeconfig"), "{error}");
        }
    }
}
