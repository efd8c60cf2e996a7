//! A confined thread, and what it still can do.

use std::{
    fs,
    io::{self, Write as _},
    net::UdpSocket,
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
    process::Command,
    thread,
};

use rustix::{
    net::{AddressFamily, SendFlags, SocketFlags, SocketType},
    process::{Pid, Signal},
};

use super::{FileAccess, confine};

/// What a confined thread has at hand.
struct Scene {
    rules: tempfile::TempDir,
    /// A file outside of them.
    outside: PathBuf,
    _folder: tempfile::TempDir,
    ours: OwnedFd,
    theirs: OwnedFd,
    /// A socket that was passed in, as a ring's is.
    passed: UdpSocket,
    /// Where it leads.
    receiver: UdpSocket,
    parent: Pid,
}

impl Scene {
    fn new() -> Self {
        let rules = tempfile::tempdir().unwrap();
        fs::write(rules.path().join("a.rules"), "rule").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("token");
        fs::write(&outside, "secret").unwrap();
        std::os::unix::fs::symlink(&outside, rules.path().join("link.rules")).unwrap();
        let (ours, theirs) = crate::socket::pair().unwrap();
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let passed = UdpSocket::bind("127.0.0.1:0").unwrap();
        passed.connect(receiver.local_addr().unwrap()).unwrap();
        Self {
            rules,
            outside,
            _folder: folder,
            ours,
            theirs,
            passed,
            receiver,
            parent: rustix::process::getppid().unwrap_or(Pid::INIT),
        }
    }

    /// Runs `play` in a thread of its own, confined; the rest of the test's process is not.
    fn confined<T: Send + 'static>(self, play: impl FnOnce(&Self) -> T + Send + 'static) -> T {
        let thread = thread::spawn(move || {
            let access = confine(self.rules.path(), self.theirs.as_fd()).unwrap();
            assert_ne!(
                access,
                FileAccess::Unrestricted,
                "this kernel has no Landlock"
            );
            play(&self)
        });
        thread.join().unwrap()
    }
}

fn refused<T>(result: Result<T, impl Into<io::Error>>) -> Option<i32> {
    result.err().and_then(|error| error.into().raw_os_error())
}

/// A call and the error that it gets.
type Attempt = (&'static str, Option<i32>);

/// Each class of call that an intruder would want is refused.
#[test]
fn what_is_not_needed_is_refused() {
    let attempts = |scene: &Scene| [to_send(scene), to_reach_out(scene)].concat();
    for (call, error) in Scene::new().confined(attempts) {
        assert_eq!(error, Some(libc::EPERM), "{call}");
    }
}

/// A new socket, or more of one that was passed than reading.
fn to_send(scene: &Scene) -> Vec<Attempt> {
    let datagram = |family| rustix::net::socket(family, SocketType::DGRAM, None);
    let address: std::net::SocketAddrV4 = "127.0.0.1:9".parse().unwrap();
    let buffer = b"x";
    vec![
        ("socket, inet", refused(datagram(AddressFamily::INET))),
        ("socket, packet", refused(datagram(AddressFamily::PACKET))),
        ("socket, netlink", refused(datagram(AddressFamily::NETLINK))),
        (
            "socketpair",
            refused(rustix::net::socketpair(
                AddressFamily::UNIX,
                SocketType::STREAM,
                SocketFlags::empty(),
                None,
            )),
        ),
        (
            "connect",
            refused(rustix::net::connect(&scene.passed, &address)),
        ),
        ("bind", refused(rustix::net::bind(&scene.passed, &address))),
        ("listen", refused(rustix::net::listen(&scene.passed, 1))),
        (
            "send",
            refused(rustix::net::send(&scene.passed, buffer, SendFlags::empty())),
        ),
        (
            "sendto",
            refused(rustix::net::sendto(
                &scene.passed,
                buffer,
                SendFlags::empty(),
                &address,
            )),
        ),
        (
            "sendmsg",
            refused(rustix::net::sendmsg(
                &scene.passed,
                &[io::IoSlice::new(buffer)],
                &mut rustix::net::SendAncillaryBuffer::default(),
                SendFlags::empty(),
            )),
        ),
        (
            "write on a passed socket",
            refused(rustix::io::write(&scene.passed, buffer)),
        ),
        (
            "setsockopt",
            refused(rustix::net::sockopt::set_socket_broadcast(
                &scene.passed,
                true,
            )),
        ),
    ]
}

/// Other processes, files, rights.
fn to_reach_out(scene: &Scene) -> Vec<Attempt> {
    let own = rustix::process::getpid();
    let parent = scene.parent;
    vec![
        ("ioctl", refused(rustix::io::ioctl_fionread(&scene.passed))),
        (
            "execve or fork",
            refused(Command::new("/bin/true").status()),
        ),
        (
            "kill, itself",
            refused(rustix::process::kill_process(own, Signal::TERM)),
        ),
        (
            "kill, its parent",
            refused(rustix::process::test_kill_process(parent)),
        ),
        (
            "memfd_create",
            refused(rustix::fs::memfd_create(
                "m",
                rustix::fs::MemfdFlags::empty(),
            )),
        ),
        (
            "unlink",
            refused(fs::remove_file(scene.rules.path().join("a.rules"))),
        ),
        (
            "open for writing",
            refused(
                fs::File::options()
                    .write(true)
                    .open(scene.rules.path().join("a.rules")),
            ),
        ),
        (
            "create a file",
            refused(fs::File::create(scene.rules.path().join("b.rules"))),
        ),
        (
            "pidfd_open",
            refused(rustix::process::pidfd_open(
                own,
                rustix::process::PidfdFlags::empty(),
            )),
        ),
        (
            "setns",
            refused(rustix::thread::move_into_link_name_space(
                scene.passed.as_fd(),
                None,
            )),
        ),
        (
            "chroot",
            refused(rustix::process::chroot(scene.rules.path())),
        ),
        (
            "eventfd",
            refused(rustix::event::eventfd(
                0,
                rustix::event::EventfdFlags::empty(),
            )),
        ),
        (
            "setuid",
            refused(rustix::thread::set_thread_uid(rustix::fs::Uid::ROOT)),
        ),
        (
            "mount",
            refused(rustix::mount::unmount(
                "/proc",
                rustix::mount::UnmountFlags::empty(),
            )),
        ),
    ]
}

/// What a worker does all day.
#[test]
fn what_is_needed_goes_on() {
    let scene = Scene::new();
    let ours = scene.ours.try_clone().unwrap();
    let receiver = scene.receiver.try_clone().unwrap();
    scene.confined(|scene| {
        // Rules are read, and read anew.
        for _ in 0..2 {
            assert_eq!(fs::read_dir(scene.rules.path()).unwrap().count(), 2);
            assert_eq!(
                fs::read(scene.rules.path().join("a.rules")).unwrap(),
                b"rule"
            );
        }
        // Nothing else is, whichever way it is called.
        for path in [
            scene.outside.clone(),
            scene.rules.path().join("link.rules"),
            scene.rules.path().join("../../etc/hostname"),
            "/proc/self/status".into(),
            "/etc/passwd".into(),
        ] {
            let error = refused(fs::read(&path));
            assert_eq!(error, Some(libc::EACCES), "{}", path.display());
        }
        // Threads, memory, the answer to the supervisor.
        let thread = thread::Builder::new().name("packets-0".to_owned());
        let sum = thread.spawn(|| {
            vec![1_u8; 32 << 20]
                .iter()
                .map(|n| u64::from(*n))
                .sum::<u64>()
        });
        assert_eq!(sum.unwrap().join().unwrap(), 32 << 20);
        assert!(
            thread::spawn(|| refused(UdpSocket::bind("127.0.0.1:0")))
                .join()
                .unwrap()
                .is_some()
        );
        rustix::io::write(&scene.theirs, b"alert").unwrap();
        io::stderr().write_all(b"").unwrap();
        let caught = std::panic::catch_unwind(|| panic!("caught, and said on standard error"));
        assert!(caught.is_err());
        // A datagram brings descriptors.
        let mut buffer = Vec::new();
        let received =
            crate::socket::receive::<dpi_api::messages::ToWorker>(&scene.theirs, &mut buffer);
        assert!(
            matches!(received, Ok(crate::socket::Received::Nothing)),
            "{received:?}"
        );
    });
    let mut buffer = [0; 8];
    assert_eq!(rustix::io::read(&ours, &mut buffer).unwrap(), 5);
    receiver.set_nonblocking(true).unwrap();
    assert!(receiver.recv(&mut buffer).is_err(), "something was sent");
}

/// As `/proc` shows it to an administrator.
#[test]
fn the_thread_has_nothing() {
    let (tell, told) = std::sync::mpsc::channel();
    let (seen, wait) = std::sync::mpsc::channel::<()>();
    let confined = thread::spawn(move || {
        Scene::new().confined(move |_| {
            tell.send(rustix::thread::gettid()).unwrap();
            let _ = wait.recv();
        });
    });
    let thread = told.recv().unwrap();
    let path = format!("/proc/self/task/{}/status", thread.as_raw_nonzero());
    let status = fs::read_to_string(path).unwrap();
    drop(seen);
    confined.join().unwrap();
    let field = |name: &str| -> String {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
        assert_eq!(field(set), "0000000000000000", "{set}");
    }
    assert_eq!(field("NoNewPrivs:"), "1");
    // SECCOMP_MODE_FILTER.
    assert_eq!(field("Seccomp:"), "2");
    assert_eq!(field("Seccomp_filters:"), "2");
}

/// A rules directory that is not there is somebody else's trouble to tell.
#[test]
fn without_rules_there_is_no_file_at_all() {
    let scene = Scene::new();
    let (_, theirs) = crate::socket::pair().unwrap();
    let file = scene.rules.path().join("a.rules");
    let error = thread::spawn(move || {
        confine("/nowhere/at/all".as_ref(), theirs.as_fd()).unwrap();
        refused(fs::read(file))
    });
    assert_eq!(error.join().unwrap(), Some(libc::EACCES));
}
