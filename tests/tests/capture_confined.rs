//! A confined thread: it has no way out, and a ring's socket in its hands can be read, and
//! nothing else.

use std::{
    io,
    os::fd::{AsFd as _, BorrowedFd},
    thread,
};

use anyhow::{Result, anyhow, ensure};
use dpi_agent::{confinement::confine, socket};
use dpi_capture::ring::trespass;
use dpi_tests::tapped::{Tap, Tapped};

/// An Ethernet frame that nobody waits for (EtherType of local experiments).
const FRAME: [u8; 60] = {
    let mut frame = [0; 60];
    frame[12] = 0x88;
    frame[13] = 0xb5;
    frame
};

/// `EPERM` is what the worker's filter of system calls says.
const DENIED: Option<i32> = Some(1);

/// What is tried, and the error that it gets.
fn attempts(ring: BorrowedFd<'_>, elsewhere: u32) -> [(&'static str, Option<i32>); 4] {
    let error = |result: io::Result<()>| result.err().and_then(|error| error.raw_os_error());
    let written = rustix::io::write(ring, &FRAME).map(drop);
    [
        (
            "sendto, another interface",
            error(trespass::send_to(ring, elsewhere, &FRAME)),
        ),
        (
            "bind, another interface",
            error(trespass::bind_to(ring, elsewhere)),
        ),
        ("write", error(written.map_err(io::Error::from))),
        (
            "setsockopt",
            error(rustix::net::sockopt::set_socket_broadcast(ring, true).map_err(io::Error::from)),
        ),
    ]
}

#[test]
fn a_ring_cannot_be_sent_by_or_bound_elsewhere() -> Result<()> {
    let Some(tapped) = Tapped::open_any(Tap::default())? else {
        return Ok(());
    };
    let elsewhere = tapped.node.ifindex("va")?;
    let ring = tapped.rings[0].as_fd().try_clone_to_owned()?;
    let rules = tempfile::tempdir()?;
    let confined = thread::spawn(move || -> Result<_> {
        let (_ours, theirs) = socket::pair()?;
        confine(rules.path(), theirs.as_fd())?;
        Ok(attempts(ring.as_fd(), elsewhere))
    });
    let confined = confined.join().map_err(|_| anyhow!("it panicked"))??;
    for (call, error) in confined {
        ensure!(error == DENIED, "{call}: {error:?}");
    }
    // Without the filter the kernel would let it: nothing above fails for another reason.
    let free = attempts(tapped.rings[0].as_fd(), elsewhere);
    ensure!(free[0].1.is_none(), "{:?}", free[0]);
    for (call, error) in free {
        ensure!(error != DENIED, "{call}");
    }
    Ok(())
}

#[test]
fn no_way_leads_out() -> Result<()> {
    let rules = tempfile::tempdir()?;
    let confined = thread::spawn(move || -> Result<_> {
        let (_ours, theirs) = socket::pair()?;
        confine(rules.path(), theirs.as_fd())?;
        Ok(trespass::ways_out())
    });
    let confined = confined.join().map_err(|_| anyhow!("it panicked"))??;
    for (call, error) in confined {
        ensure!(error == DENIED, "{call}: {error:?}");
    }
    // Without the filter root is told what is wrong with the arguments, or has no such call.
    let free = trespass::ways_out();
    let denied = free.iter().filter(|(_, error)| *error == DENIED);
    let denied: Vec<_> = denied.map(|(call, _)| *call).collect();
    ensure!(
        denied.len() < free.len() / 4 || !rustix::process::geteuid().is_root(),
        "denied to root as well: {denied:?}"
    );
    Ok(())
}
