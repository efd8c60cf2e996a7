//! Workloads on the node's own network, selected by cgroup; and what the programs log.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Mutex,
};

use anyhow::{Context as _, Result, ensure};
use aya::TestRunOptions;
use dpi_agent::{
    interfaces::cgroup_id,
    kernel::{Hook, SharedInterface},
    snapshot::CgroupPath,
};
use dpi_common::{Counter, Counters, Slot};
use dpi_tests::{
    kernel_fixture::{TestKernel, skipped},
    kernel_frames::{Ipv4, tcp},
    netns::Netns,
    tapped::{Tap, Tapped},
};

/// A cgroup of this test, removed on drop.
struct Cgroup {
    path: PathBuf,
    below: String,
}

impl Cgroup {
    /// `None`, with the reason printed, where none can be made.
    fn new(name: &str) -> Result<Option<Cgroup>> {
        let mounts = fs::read_to_string("/proc/mounts")?;
        let root = mounts.lines().find_map(|line| {
            let mut fields = line.split(' ').skip(1);
            let (point, kind) = (fields.next()?, fields.next()?);
            (kind == "cgroup2").then_some(point)
        });
        let Some(root) = root else {
            skipped(&"selection by cgroup: cgroup2 is not mounted");
            return Ok(None);
        };
        let below = format!("/dpi-test-{}-{name}", std::process::id());
        let path = Path::new(root).join(below.trim_start_matches('/'));
        if let Err(error) = fs::create_dir(&path) {
            skipped(&format!("selection by cgroup: {}: {error}", path.display()));
            return Ok(None);
        }
        Ok(Some(Cgroup { path, below }))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.path);
    }
}

/// Sends datagrams from the node to the pod and reads the answers, by a process in a cgroup.
fn exchange(tapped: &Tapped, cgroup: Option<&Cgroup>, count: usize) -> Result<()> {
    const CLIENT: &str = "import socket,sys\n\
        s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n\
        s.settimeout(5)\n\
        for i in range(int(sys.argv[1])):\n    s.sendto(b'x',('10.1.0.1',7000)); s.recv(9)";
    let join = cgroup.map_or(String::new(), |cgroup| {
        format!("echo $$ > {}/cgroup.procs && ", cgroup.path.display())
    });
    let server = tapped
        .pod
        .run(|| Ok(std::net::UdpSocket::bind("10.1.0.1:7000")?))?;
    let child = tapped
        .node
        .command("sh")
        .args([
            "-c",
            &format!("{join}exec python3 -c \"$0\" {count}"),
            CLIENT,
        ])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    server.set_read_timeout(Some(std::time::Duration::from_secs(10)))?;
    let mut buffer = [0; 9];
    for _ in 0..count {
        let (_, from) = server.recv_from(&mut buffer).context("the pod's end")?;
        server.send_to(b"y", from)?;
    }
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{text}");
    Ok(())
}

#[test]
fn processes_of_a_selected_cgroup_are_inspected_in_both_directions() -> Result<()> {
    let Some(mut tapped) = Tapped::open_any(Tap::default())? else {
        return Ok(());
    };
    let Some(selected) = Cgroup::new("selected")? else {
        return Ok(());
    };
    let Some(other) = Cgroup::new("other")? else {
        return Ok(());
    };
    let index = tapped.node.ifindex("va")?;
    let id = cgroup_id(&CgroupPath::new_checked(&selected.below)?)?;
    let kernel = &mut tapped.kernel;
    kernel.detach(index)?;
    kernel.set_cgroup(id.id, id.level, Slot::new_checked(9))?;
    tapped.node.run(|| {
        let shared = SharedInterface {
            cgroups: true,
            pod_ips: false,
        };
        Ok(kernel.attach_shared(index, "va", shared)?)
    })?;
    // cgroup, packets seen: 20 there, 20 back
    for (cgroup, expected) in [(None, 0), (Some(&other), 0), (Some(&selected), 40)] {
        let before = tapped.kernel.counters()?;
        exchange(&tapped, cgroup, 20)?;
        let counted = tapped.kernel.counters()?.since(&before);
        assert_eq!(counted.get(Counter::Seen), expected, "{counted:?}");
        assert_eq!(counted.get(Counter::HandedOver), expected);
    }
    let slots: Vec<u32> = tapped
        .take()?
        .iter()
        .map(|f| f.rxhash & 0xff_ffff)
        .collect();
    ensure!(
        slots.iter().filter(|slot| **slot == 9).count() == 40,
        "{slots:?}"
    );
    tapped.kernel.remove_cgroup(id.id)?;
    let before = tapped.kernel.counters()?;
    exchange(&tapped, Some(&selected), 5)?;
    let counted = tapped.kernel.counters()?.since(&before);
    assert_eq!(counted.get(Counter::Seen), 0, "after it was taken out");
    Ok(())
}

/// Keeps what is logged.
struct Kept(Mutex<Vec<String>>);

impl log::Log for Kept {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}", record.level(), record.args());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

#[test]
fn rare_events_are_logged_at_the_level_that_was_asked_for() -> Result<()> {
    static KEPT: Kept = Kept(Mutex::new(Vec::new()));
    let _ = log::set_logger(&KEPT);
    log::set_max_level(log::LevelFilter::Trace);
    // level, lines of a frame that cannot be read
    for (level, expected) in [(0, 0), (3, 0), (4, 1)] {
        let Some(mut kernel) = TestKernel::open_logging(level)? else {
            return Ok(());
        };
        KEPT.0.lock().unwrap().clear();
        let netns = Netns::new()?;
        netns.ip("link add sink0 type veth peer name sink1")?;
        netns.ip("link set sink0 up")?;
        kernel.hand_over_to(netns.ifindex("sink0")?)?;
        let slot = Slot::new_checked(1).context("slot")?;
        let before: Counters = kernel.counters()?;
        let mut frame = Ipv4::default().frame(6, &tcp(1, 2, 0, b""));
        // IPv4 that says it is version 1.
        frame[14] = 0x15;
        let options = TestRunOptions {
            data_in: Some(&frame),
            ..TestRunOptions::default()
        };
        netns.run(|| {
            // The test runner takes frames as of the loopback interface.
            kernel.attach(1, "lo", slot)?;
            Ok(kernel.test_run(Hook::Ingress, options)?)
        })?;
        let counted = kernel.counters()?.since(&before);
        assert_eq!(counted.get(Counter::BadIpHeader), 1, "{counted:?}");
        kernel.flush_log();
        let lines = KEPT.0.lock().unwrap().clone();
        let found = lines
            .iter()
            .filter(|line| line.contains("unparsed"))
            .count();
        assert_eq!(found, expected, "level {level}: {lines:?}");
    }
    Ok(())
}
