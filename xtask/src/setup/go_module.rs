//! Programs that are built from a Go module of this repository.
//!
//! The module's go.mod says which version; its go.sum holds every module to what was
//! reviewed. Each program is built beside its place in the cache and then moved, so that
//! a build that was cut short is not taken for a whole one.

use std::{
    fs,
    io::{BufRead, BufReader, IsTerminal as _, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{cache, process, workspace};

/// What the modules ask for.
const OLDEST_GO: (u32, u32) = (1, 24);
/// Where no terminal shows the progress, a line of it so often.
const NEWS: Duration = Duration::from_secs(30);

/// A module that requires one thing whose programs are built.
pub(super) struct GoModule {
    /// What people call that thing; its programs lie in the cache under this name and the
    /// version.
    pub(super) name: &'static str,
    /// The folder of the module in this repository.
    pub(super) folder: &'static str,
    /// What stands in its go.mod.
    pub(super) go_mod: &'static str,
    /// The path of the required module.
    pub(super) requires: &'static str,
    /// Each is the package PACKAGES/NAME.
    pub(super) programs: &'static [&'static str],
    /// Where their packages are.
    pub(super) packages: &'static str,
    /// What it takes to build them, for people.
    pub(super) cost: &'static str,
    /// The linker's flags for a version.
    pub(super) ldflags: fn(&str) -> String,
}

impl GoModule {
    /// Builds what is missing; returns the directory of the programs.
    pub(super) fn ready(&self, check: bool) -> Result<PathBuf> {
        let Self { name, folder, .. } = self;
        let version = self
            .version()
            .with_context(|| format!("{folder}/go.mod requires no {}", self.requires))?;
        let place = cache::dir()?.join(format!("{}-{version}", name.to_lowercase()));
        let mut missing = self.programs.to_vec();
        missing.retain(|name| !place.join(name).is_file());
        if missing.is_empty() {
            return Ok(place);
        }
        let programs = missing.join(", ");
        if check {
            bail!("{name} {version} is not built ({programs} missing): run `cargo xtask setup`");
        }
        check_go().with_context(|| format!("{name} cannot be built"))?;
        fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
        eprintln!("building {programs} of {name} {version}: {}", self.cost);
        for program in missing {
            self.build(program, version, &place)?;
        }
        Ok(place)
    }

    /// The version that go.mod requires, without its `v`.
    pub(super) fn version(&self) -> Option<&'static str> {
        let required = |line: &'static str| {
            let line = line.trim().trim_start_matches("require ");
            line.strip_prefix(self.requires)?.strip_prefix(" v")
        };
        self.go_mod.lines().find_map(required)
    }

    fn build(&self, name: &str, version: &str, place: &Path) -> Result<()> {
        let unfinished = place.join(format!("{name}.partial"));
        let mut command = Command::new("go");
        command
            .current_dir(workspace::root().join(self.folder))
            .env("CGO_ENABLED", "0")
            .args([
                "build",
                "-v",
                "-mod=readonly",
                "-trimpath",
                "-buildvcs=false",
            ])
            .arg("-ldflags")
            .arg((self.ldflags)(version))
            .arg("-o")
            .arg(&unfinished)
            .arg(format!("{}/{name}", self.packages));
        run_with_progress(&mut command, name)?;
        fs::rename(&unfinished, place.join(name))
            .with_context(|| format!("cannot move {name} to {}", place.display()))
    }
}

fn check_go() -> Result<()> {
    let (major, minor) = OLDEST_GO;
    let remedy = format!(
        "install Go {major}.{minor} or later; for tests that need an API server alone, \
         KUBEBUILDER_ASSETS may instead name a directory with etcd, kube-apiserver and kubectl"
    );
    let Some(text) = process::output("go", &["env", "GOVERSION"]) else {
        bail!("there is no Go: {remedy}");
    };
    match go_version(&text) {
        Some(found) if found >= OLDEST_GO => Ok(()),
        _ => bail!("{} is too old: {remedy}", text.trim()),
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
    use super::{GoModule, go_version, is_package};

    fn module(go_mod: &'static str) -> GoModule {
        GoModule {
            name: "Kubernetes",
            folder: "xtask/kube",
            go_mod,
            requires: "k8s.io/kubernetes",
            programs: &[],
            packages: "",
            cost: "",
            ldflags: str::to_owned,
        }
    }

    #[test]
    fn the_version_is_that_of_the_module() {
        for (go_mod, expected) in [
            ("require k8s.io/kubernetes v1.34.4\n", Some("1.34.4")),
            (
                "require (\n\tk8s.io/api v0.34.4\n\tk8s.io/kubernetes v1.2.3\n)",
                Some("1.2.3"),
            ),
            ("module k8s.io/kubernetes\n", None),
            ("require k8s.io/kubernetes-sigs v1.2.3\n", None),
        ] {
            assert_eq!(module(go_mod).version(), expected, "{go_mod}");
        }
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
}
