//! The programs of Kubernetes for test clusters, and Helm, built from Go modules.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::Result;

use super::go_module::GoModule;

const KUBERNETES: GoModule = GoModule {
    name: "Kubernetes",
    folder: "xtask/kube",
    go_mod: include_str!("../../kube/go.mod"),
    requires: "k8s.io/kubernetes",
    // What a test needs to play an API server comes first.
    programs: &[
        "kube-apiserver",
        "kubectl",
        "kubelet",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
    ],
    packages: "k8s.io/kubernetes/cmd",
    cost: "some minutes, once, and about 5 GB of Go's caches",
    ldflags: of_kubernetes,
};

/// A module by itself: it asks for other versions of what Kubernetes is made of.
const HELM: GoModule = GoModule {
    name: "Helm",
    folder: "xtask/helm",
    go_mod: include_str!("../../helm/go.mod"),
    requires: "helm.sh/helm/v3",
    programs: &["helm"],
    packages: "helm.sh/helm/v3/cmd",
    cost: "two minutes, once",
    ldflags: of_helm,
};

/// Builds what is missing; returns the directory of the programs of Kubernetes.
pub(super) fn ready(check: bool) -> Result<PathBuf> {
    let place = KUBERNETES.ready(check)?;
    // One test needs it, and says so.
    if let Err(error) = HELM.ready(check) {
        eprintln!("{error:#}");
    }
    Ok(place)
}

/// The version that the programs tell each other: without it they take themselves for 0.0.
fn of_kubernetes(version: &str) -> String {
    let mut numbers = version.split('.');
    let (major, minor) = (numbers.next().unwrap_or("0"), numbers.next().unwrap_or("0"));
    let mut flags = "-s -w".to_owned();
    for package in [
        "k8s.io/component-base/version",
        "k8s.io/client-go/pkg/version",
    ] {
        for (name, value) in [
            ("gitVersion", format!("v{version}")),
            ("gitMajor", major.to_owned()),
            ("gitMinor", minor.to_owned()),
            ("gitTreeState", "clean".to_owned()),
        ] {
            // Writing to a string does not fail.
            let _ = write!(flags, " -X {package}.{name}={value}");
        }
    }
    flags
}

/// Its version, and that of the Kubernetes that it checks charts against where it is not
/// told: its own idea is an old one.
fn of_helm(version: &str) -> String {
    let mut flags = format!("-s -w -X helm.sh/helm/v3/internal/version.version=v{version}");
    let kubernetes = KUBERNETES.version().unwrap_or_default();
    let mut numbers = kubernetes.split('.');
    for name in ["k8sVersionMajor", "k8sVersionMinor"] {
        let number = numbers.next().unwrap_or("0");
        for package in ["chartutil", "lint/rules"] {
            // Writing to a string does not fail.
            let _ = write!(flags, " -X helm.sh/helm/v3/pkg/{package}.{name}={number}");
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::{of_helm, of_kubernetes};

    #[test]
    fn both_version_packages_are_set() {
        let flags = of_kubernetes("1.34.4");
        assert!(flags.contains("-X k8s.io/component-base/version.gitVersion=v1.34.4"));
        assert!(flags.contains("-X k8s.io/client-go/pkg/version.gitMinor=34"));
        let flags = of_helm("3.19.5");
        assert!(flags.contains("internal/version.version=v3.19.5"));
        assert!(
            flags.contains("pkg/chartutil.k8sVersionMajor=1 "),
            "{flags}"
        );
    }
}
