//! The programs of Kubernetes for test clusters, built from their Go module.
//!
//! `xtask/kube/go.mod` says which version; `go.sum` there holds every module to what was
//! reviewed. Each program is built beside its place in the cache and then moved, so that
//! a build that was cut short is not taken for a whole one.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, IsTerminal as _, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{cache, process, workspace};

/// What a test needs to play an API server comes first.
const PROGRAMS: &[&str] = &[
    "kube-apiserver",
    "kubectl",
    "kubelet",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
];
const GO_MOD: &str = include_str!("../../kube/go.mod");
/// What Kubernetes 1.34 asks for.
const OLDEST_GO: (u32, u32) = (1, 24);
/// Where no terminal shows the progress, a line of it so often.
const NEWS: Duration = Duration::from_secs(30);

/// Builds what is missing; returns the directory of the programs.
pub(crate) fn ready(check: bool) -> Result<PathBuf> {
    let version = version(GO_MOD).context("xtask/kube/go.mod requires no k8s.io/kubernetes")?;
    let place = cache::dir()?.join(format!("kubernetes-{version}"));
    let missing: Vec<&str> = PROGRAMS
        .iter()
        .copied()
        .filter(|name| !place.join(name).is_file())
        .collect();
    if missing.is_empty() {
        return Ok(place);
    }
    if check {
        bail!(
            "Kubernetes {version} is not built ({} missing): run `cargo xtask setup`",
            missing.join(", ")
        );
    }
    check_go()?;
    fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    eprintln!(
        "building {} of Kubernetes {version}: some minutes, once, and about 5 GB of Go's caches",
        missing.join(", ")
    );
    for name in missing {
        build(name, version, &place)?;
    }
    Ok(place)
}

/// The version that a go.mod requires of Kubernetes, without its `v`.
fn version(go_mod: &str) -> Option<&str> {
    go_mod.lines().find_map(|line| {
        let line = line.trim().trim_start_matches("require ");
        line.strip_prefix("k8s.io/kubernetes v")
    })
}

fn check_go() -> Result<()> {
    let (major, minor) = OLDEST_GO;
    let remedy = format!(
        "install Go {major}.{minor} or later; for tests that need an API server alone, \
         KUBEBUILDER_ASSETS may instead name a directory with etcd, kube-apiserver and kubectl"
    );
    let Some(text) = process::output("go", &["env", "GOVERSION"]) else {
        bail!("Kubernetes cannot be built, there is no Go: {remedy}");
    };
    match go_version(&text) {
        Some(found) if found >= OLDEST_GO => Ok(()),
        _ => bail!("Kubernetes cannot be built by {}: {remedy}", text.trim()),
    }
}

/// `go1.24.3` as numbers.
fn go_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text
        .trim()
        .strip_prefix("go")?
        .split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn build(name: &str, version: &str, place: &Path) -> Result<()> {
    let unfinished = place.join(format!("{name}.partial"));
    let mut command = Command::new("go");
    command
        .current_dir(workspace::root().join("xtask/kube"))
        .env("CGO_ENABLED", "0")
        .args([
            "build",
            "-v",
            "-mod=readonly",
            "-trimpath",
            "-buildvcs=false",
        ])
        .arg("-ldflags")
        .arg(ldflags(version))
        .arg("-o")
        .arg(&unfinished)
        .arg(format!("k8s.io/kubernetes/cmd/{name}"));
    run_with_progress(&mut command, name)?;
    fs::rename(&unfinished, place.join(name))
        .with_context(|| format!("cannot move {name} to {}", place.display()))
}

/// The version that the programs tell each other: without it they take themselves for 0.0.
fn ldflags(version: &str) -> String {
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

/// `go build -v` names each package as it compiles it: counted, not shown. All else that
/// it says is an error and is shown.
fn run_with_progress(command: &mut Command, name: &str) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run go")?;
    if let Some(errors) = child.stderr.take() {
        show_progress(errors, name);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("go build of {name}: {status}");
    }
    Ok(())
}

fn show_progress(output: impl Read, name: &str) {
    let start = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    let mut told = start;
    let mut packages = 0_u32;
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if !is_package(&line) {
            eprintln!("{line}");
            continue;
        }
        packages += 1;
        let seconds = start.elapsed().as_secs();
        if terminal {
            eprint!("\r  {name}: {packages} packages compiled, {seconds} s ");
        } else if told.elapsed() > NEWS {
            told = Instant::now();
            eprintln!("  {name}: {packages} packages compiled, {seconds} s");
        }
    }
    let ending = if terminal { "\r" } else { "" };
    eprintln!(
        "{ending}  {name}: {packages} packages compiled, {} s   ",
        start.elapsed().as_secs()
    );
}

fn is_package(line: &str) -> bool {
    !line.is_empty() && !line.contains([' ', ':', '#'])
}

#[cfg(test)]
mod tests {
    use super::{GO_MOD, go_version, is_package, ldflags, version};

    #[test]
    fn the_version_is_that_of_the_module() {
        for (go_mod, expected) in [
            ("require k8s.io/kubernetes v1.34.4\n", Some("1.34.4")),
            (
                "require (\n\tk8s.io/api v0.34.4\n\tk8s.io/kubernetes v1.2.3\n)",
                Some("1.2.3"),
            ),
            ("module k8s.io/kubernetes\n", None),
        ] {
            assert_eq!(version(go_mod), expected, "{go_mod}");
        }
        assert!(version(GO_MOD).is_some());
    }

    #[test]
    fn versions_of_go_are_read() {
        for (text, expected) in [
            ("go1.24.3\n", Some((1, 24))),
            ("go1.26rc1", Some((1, 26))),
            ("devel +abc", None),
            ("", None),
        ] {
            assert_eq!(go_version(text), expected, "{text}");
        }
    }

    #[test]
    fn only_names_of_packages_count_as_progress() {
        for (line, expected) in [
            ("k8s.io/api/core/v1", true),
            ("vendor/golang.org/x/net/idna", true),
            ("go: downloading k8s.io/api v0.34.4", false),
            ("# k8s.io/api/core/v1", false),
            ("x.go:3:4: undefined: y", false),
            ("", false),
        ] {
            assert_eq!(is_package(line), expected, "{line}");
        }
    }

    #[test]
    fn both_version_packages_are_set() {
        let flags = ldflags("1.34.4");
        assert!(flags.contains("-X k8s.io/component-base/version.gitVersion=v1.34.4"));
        assert!(flags.contains("-X k8s.io/client-go/pkg/version.gitMinor=34"));
    }
}
