//! Where the programs of Kubernetes are.

use std::{
    env,
    path::{Path, PathBuf},
};

/// Directory with `etcd`, `kube-apiserver` and `kubectl`, as other projects call it too.
const ASSETS: &str = "KUBEBUILDER_ASSETS";
/// Which versions `cargo xtask setup` builds, what of, and how it calls that.
const MODULES: [(&str, &str, &str); 2] = [
    (
        include_str!("../../../xtask/kube/go.mod"),
        "k8s.io/kubernetes v",
        "kubernetes",
    ),
    (
        include_str!("../../../xtask/helm/go.mod"),
        "helm.sh/helm/v3 v",
        "helm",
    ),
];

/// The programs that were found.
#[derive(Clone, Debug)]
pub struct Programs {
    directories: Vec<PathBuf>,
}

/// Programs that are nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} not found: run `cargo xtask setup`, or let {ASSETS} name a directory with etcd, \
     kube-apiserver and kubectl (`cluster` needs the others too)",
    .0.join(", ")
)]
pub struct MissingPrograms(pub Vec<&'static str>);

impl Programs {
    /// Looks for `names`: in [`ASSETS`], in the cache, on the PATH. All that is there
    /// can be asked for afterwards.
    pub fn find(names: &[&'static str]) -> Result<Self, MissingPrograms> {
        let assets = env::var_os(ASSETS).map(PathBuf::from);
        let path = env::var_os("PATH").unwrap_or_default();
        let programs = Self {
            directories: assets
                .into_iter()
                .chain(cached())
                .chain(env::split_paths(&path))
                .collect(),
        };
        let missing: Vec<_> = names
            .iter()
            .copied()
            .filter(|name| programs.search(name).is_none())
            .collect();
        if missing.is_empty() {
            Ok(programs)
        } else {
            Err(MissingPrograms(missing))
        }
    }

    /// The path of a program; its bare name if it is nowhere, so that starting it tells.
    pub fn path(&self, name: &str) -> PathBuf {
        self.search(name).unwrap_or_else(|| PathBuf::from(name))
    }

    fn search(&self, name: &str) -> Option<PathBuf> {
        let mut places = self
            .directories
            .iter()
            .map(|directory| directory.join(name));
        places.find(|place| place.is_file())
    }
}

/// Where `cargo xtask setup` puts them: in the cache that its `cache.rs` describes.
fn cached() -> Vec<PathBuf> {
    let cache = env::var_os("DPI_CACHE").map(PathBuf::from).or_else(|| {
        let base = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || Some(Path::new(&env::var_os("HOME")?).join(".cache"));
        Some(base.or_else(home)?.join("dpi-agent"))
    });
    let places = MODULES.iter().filter_map(|(go_mod, requires, name)| {
        let version = go_mod.lines().find_map(|line| {
            let required = line.trim().trim_start_matches("require ");
            required.strip_prefix(requires)
        })?;
        Some(cache.as_ref()?.join(format!("{name}-{version}")))
    });
    places.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_remedy() {
        let missing = Programs::find(&["sh", "no-such-program"]).unwrap_err();
        assert_eq!(missing, MissingPrograms(vec!["no-such-program"]));
        let text = missing.to_string();
        assert!(text.contains("no-such-program not found"), "{text}");
        assert!(text.contains("cargo xtask setup"), "{text}");
    }

    #[test]
    fn programs_are_found_on_the_path() {
        let programs = Programs::find(&["sh"]).unwrap();
        assert!(programs.path("sh").is_absolute());
        assert_eq!(
            programs.path("no-such-program"),
            Path::new("no-such-program")
        );
    }
}
