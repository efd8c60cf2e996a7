//! What the agent says when it cannot do what it is told, and what goes on all the same.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};
use dpi_tests::{
    kernel_fixture::skipped,
    lab::{
        Agent, AgentOptions, HttpServer, Lab, Status, http_request, inspection, unavailable,
        wait_for,
    },
};
use rustix::process::Signal;

const START: Duration = Duration::from_secs(30);
const ATTACK: &str = "/download?file=../../../../etc/passwd";

fn starter_rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules")
}

/// A lab with a pod to be inspected, or none where none is possible.
fn selected(rules: &Path) -> Result<Option<Lab>> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(None);
    }
    let lab = Lab::red_and_blue(&[rules])?;
    lab.write_manifest("red.yaml", &inspection("red", "app == 'red'"))?;
    Ok(Some(lab))
}

/// The texts below a JSON pointer of the status, in one.
fn texts(status: &Status, pointer: &str) -> String {
    let value = status.json.pointer(pointer);
    value.map(ToString::to_string).unwrap_or_default()
}

/// Runs the agent as `prefix` lets it run, on directories that are there unless
/// `arguments` names others.
fn run(folder: &Path, prefix: &[&str], arguments: &[&str]) -> Result<Output> {
    let agent = env::var_os("DPI_AGENT").context("DPI_AGENT")?;
    let mut line: Vec<_> = prefix.iter().map(std::ffi::OsString::from).collect();
    line.push(agent);
    line.push("node".into());
    line.extend(arguments.iter().map(std::ffi::OsString::from));
    for (name, directory) in [
        ("--manifests", "manifests"),
        ("--rules", "rules"),
        ("--state-dir", "state"),
    ] {
        if !arguments.contains(&name) {
            line.extend([name.into(), folder.join(directory).into()]);
        }
    }
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).stdin(Stdio::null());
    Ok(command.output()?)
}

#[test]
fn what_cannot_begin_ends_with_one_line_that_names_thing_and_remedy() -> Result<()> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    for name in ["manifests", "rules", "state"] {
        fs::create_dir(folder.path().join(name))?;
    }
    let file = folder.path().join("file");
    fs::write(&file, "")?;
    let file = file.to_string_lossy();
    let below = format!("{file}/below");
    // prefix, arguments, what the line has to say
    let table: &[(&[&str], &[&str], &[&str])] = &[
        (
            &["setpriv", "--bounding-set=-net_admin"],
            &[],
            &["CAP_NET_ADMIN"],
        ),
        (
            &[
                "setpriv",
                "--bounding-set=-net_admin,-bpf,-perfmon,-sys_admin",
            ],
            &[],
            &["CAP_NET_ADMIN", "CAP_BPF", "CAP_PERFMON"],
        ),
        (
            &[],
            &["--manifests", "/nowhere/manifests"],
            &["/nowhere/manifests", "--manifests"],
        ),
        (&[], &["--manifests", &file], &[&file, "--manifests"]),
        (
            &[],
            &["--rules", "/nowhere/rules"],
            &["/nowhere/rules", "--rules"],
        ),
        (
            &[],
            &["--output", "/nowhere/alerts.json"],
            &["/nowhere/alerts.json", "write"],
        ),
        (&[], &["--state-dir", &below], &[&below, "--state-dir"]),
        (
            &[],
            &["--metrics", "192.0.2.1:9"],
            &["192.0.2.1:9", "--metrics"],
        ),
        (&[], &["--sink", "ifb"], &["ifb", "--sink"]),
        (&[], &["--log", "=="], &["--log"]),
    ];
    for (prefix, arguments, parts) in table {
        let output = run(folder.path(), prefix, arguments)?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        let errors = text
            .lines()
            .filter(|line| line.contains("rror") || line.contains("dpi-agent:"));
        assert_eq!(errors.count(), 1, "{arguments:?}: {text}");
        for part in *parts {
            assert!(text.contains(part), "{arguments:?}: {part:?} in {text}");
        }
        assert!(!text.contains("panicked"), "{text}");
    }
    Ok(())
}

#[test]
fn others_than_root_are_told_what_is_missing() -> Result<()> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(());
    }
    // Where everybody may read and run it.
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("dpi-agent");
    fs::copy(env::var_os("DPI_AGENT").context("DPI_AGENT")?, &program)?;
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), everybody)?;
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program)
        .args(["node", "--manifests", "/", "--rules", "/"])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("root"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    Ok(())
}

#[test]
fn a_worker_is_not_started_by_hand() -> Result<()> {
    let Some(agent) = env::var_os("DPI_AGENT") else {
        skipped(&"DPI_AGENT names no dpi-agent binary: run by cargo xtask test");
        return Ok(());
    };
    let output = Command::new(agent)
        .arg("worker")
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("dpi-agent node"), "{text}");
    Ok(())
}

#[test]
fn without_a_bpf_file_system_or_a_sink_the_status_says_so() -> Result<()> {
    let Some(lab) = selected(&starter_rules())? else {
        return Ok(());
    };
    let pins = lab.path("no-bpffs");
    let mut table = vec![(
        AgentOptions {
            pins: Some(pins.clone()),
            // With it the agent mounts the file system itself.
            prefix: ["setpriv", "--bounding-set=-sys_admin"]
                .map(str::to_owned)
                .to_vec(),
            ..AgentOptions::default()
        },
        vec![pins.to_string_lossy().into_owned(), "bpf".to_owned()],
    )];
    // A device of another kind and owner has the sink's name.
    lab.node.ip("link add taken type veth peer name other")?;
    table.push((
        AgentOptions {
            arguments: ["--sink-name", "taken", "--sink", "tap"]
                .map(str::to_owned)
                .to_vec(),
            ..AgentOptions::default()
        },
        vec!["taken".to_owned(), "another name".to_owned()],
    ));
    for (options, parts) in table {
        let mut agent = Agent::start(&lab, &options)?;
        let status = agent.wait_status("a problem", START, |status| {
            texts(status, "/problems").len() > 2
        })?;
        assert_ne!(status.text("/state"), "Inspecting");
        let problems = texts(&status, "/problems");
        for part in parts {
            assert!(problems.contains(&part), "{part:?} in {problems}");
        }
        assert_eq!(lab.all_programs()?, 0);
        assert!(agent.terminate()?.success(), "{}", agent.log());
    }
    Ok(())
}

#[test]
fn bad_manifests_are_named_and_cost_only_themselves() -> Result<()> {
    let Some(lab) = selected(&starter_rules())? else {
        return Ok(());
    };
    lab.write_manifest("a-broken.yaml", "apiVersion: [v1\nkind")?;
    lab.write_manifest("b-kind.yaml", "apiVersion: apps/v1\nkind: Deployment\n")?;
    lab.write_manifest("c-selector.yaml", &inspection("bad", "app === 'red'"))?;
    lab.write_manifest(
        "d-field.yaml",
        "apiVersion: projectcalico.org/v3\nkind: DeepPacketInspection\nmetadata: {name: typo, namespace: demo}\nspec: {selektor: all()}\n",
    )?;
    let agent = Agent::start(&lab, &AgentOptions::default())?;
    wait_for("programs on red1 and red2", START, || {
        Ok(lab.all_programs()? == 4)
    })?;
    let status = agent.settle()?;
    let problems = texts(&status, "/manifestProblems") + &texts(&status, "/inspections");
    for part in [
        "a-broken.yaml",
        "b-kind.yaml",
        "Deployment",
        "c-selector.yaml",
        "column",
        "d-field.yaml",
        "selektor",
    ] {
        assert!(problems.contains(part), "{part:?} in {problems}");
    }
    Ok(())
}

#[test]
fn bad_rules_are_named_and_never_replace_good_ones() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let good = folder.path().join("good.rules");
    let rule = r#"alert tcp any any -> any any (msg:"good"; content:"/etc/passwd"; sid:7;)"#;
    fs::write(&good, rule)?;
    fs::write(
        folder.path().join("bad.rules"),
        "# a comment\nalert tcp any any -> any any (msg:\"bad\"; nonsense:1; sid:8;)\n",
    )?;
    let Some(lab) = selected(folder.path())? else {
        return Ok(());
    };
    let agent = Agent::start(&lab, &AgentOptions::default())?;
    let status = agent.wait_status("inspection", START, |status| {
        status.text("/state") == "Inspecting"
    })?;
    assert_eq!(status.number("/rules/loaded"), 1);
    assert_eq!(status.number("/rules/failed"), 1);
    let problems = texts(&status, "/rules/problems");
    for part in ["bad.rules", "nonsense", "8"] {
        assert!(problems.contains(part), "{part:?} in {problems}");
    }
    // A ruleset without a single good rule is not taken.
    fs::write(&good, "nonsense\n")?;
    agent.signal(Signal::HUP)?;
    let status = agent.wait_status("the refusal", START, |status| {
        texts(status, "/problems").len() > 2
    })?;
    assert!(texts(&status, "/problems").contains("refused"));
    let server = HttpServer::start(lab.pod("red2"), 8080)?;
    wait_for("programs", START, || Ok(lab.all_programs()? == 4))?;
    http_request(lab.pod("blue1"), server.address(), ATTACK)?;
    agent.settle()?;
    assert_eq!(agent.alerts()?.len(), 1, "{}", agent.log());
    // Good rules are taken again, and the problem is gone.
    fs::write(&good, rule)?;
    agent.signal(Signal::HUP)?;
    agent.wait_status("the problem's end", START, |status| {
        texts(status, "/problems").len() <= 2
    })?;
    Ok(())
}

#[test]
fn alerts_that_find_a_full_disk_are_counted_and_inspection_goes_on() -> Result<()> {
    let Some(lab) = selected(&starter_rules())? else {
        return Ok(());
    };
    let options = AgentOptions {
        output: Some(PathBuf::from("/dev/full")),
        ..AgentOptions::default()
    };
    let mut agent = Agent::start(&lab, &options)?;
    agent.wait_status("inspection", START, |status| {
        status.text("/state") == "Inspecting"
    })?;
    wait_for("programs", START, || Ok(lab.all_programs()? == 4))?;
    let server = HttpServer::start(lab.pod("red2"), 8080)?;
    for _ in 0..3 {
        http_request(lab.pod("blue1"), server.address(), ATTACK)?;
    }
    let status = agent.settle()?;
    assert!(status.number("/alerts/found") >= 3, "{}", agent.log());
    assert_eq!(
        status.number("/alerts/dropped_output"),
        status.number("/alerts/found")
    );
    assert!(agent.log().contains("No space left"), "{}", agent.log());
    assert!(agent.terminate()?.success());
    Ok(())
}
