//! The worker process: started, talked to, and its end noticed.

use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
    process::Stdio,
    time::Instant,
};

use dpi_api::messages::{ToSupervisor, ToWorker};
use tokio::{
    io::unix::AsyncFd,
    process::{Child, Command},
};

use crate::socket::{self, Received, Sender, Sent, SocketError};

/// A running worker. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct WorkerProcess {
    child: Child,
    socket: AsyncFd<OwnedFd>,
    sender: Sender,
    buffer: Vec<u8>,
    /// When it was started.
    pub(super) started: Instant,
    /// Its rings are mapped and read.
    pub(super) running: bool,
    /// It was given the rings.
    pub(super) passed: bool,
    /// It closed its socket: its end is near.
    pub(super) closed: bool,
    /// Why it is to be killed.
    pub(super) condemned: Option<String>,
}

/// What a worker did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WorkerEvent {
    /// There may be something to receive.
    Speaks,
    /// It ended, so.
    Ended(String),
}

impl WorkerProcess {
    /// Starts this program again as a worker. Its standard input is the socket; it gets
    /// no other descriptor and no environment but the log's.
    pub(super) fn start() -> io::Result<Self> {
        let (ours, theirs) = socket::pair()?;
        let mut command = Command::new("/proc/self/exe");
        command
            .arg("worker")
            .env_clear()
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        for name in ["RUST_LOG", "RUST_BACKTRACE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        Ok(Self {
            child: command.spawn()?,
            socket: socket::asynchronous(ours)?,
            sender: Sender::default(),
            buffer: Vec::new(),
            started: Instant::now(),
            running: false,
            passed: false,
            closed: false,
            condemned: None,
        })
    }

    /// Its process id, while it lives.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends a message with descriptors.
    pub(super) fn send(
        &mut self,
        message: &ToWorker,
        fds: &[BorrowedFd<'_>],
    ) -> Result<Sent, SocketError> {
        self.sender.send(self.socket.get_ref(), message, fds)
    }

    /// Waits for something to receive or for its end. May be dropped at any time.
    pub(super) async fn event(&mut self) -> WorkerEvent {
        let speaks = async {
            match self.socket.readable().await {
                Ok(mut guard) if !self.closed => guard.retain_ready(),
                // Its end is told by `wait`.
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = speaks => WorkerEvent::Speaks,
            end = self.child.wait() => WorkerEvent::Ended(match end {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            }),
        }
    }

    /// The next message, if one is there.
    pub(super) fn receive(&mut self) -> Result<Received<ToSupervisor>, SocketError> {
        let received = socket::receive(self.socket.get_ref(), &mut self.buffer)?;
        if matches!(received, Received::Nothing) {
            // Tokio is told that the socket is drained, so that `readable` waits.
            let mut waker = std::task::Context::from_waker(std::task::Waker::noop());
            if let std::task::Poll::Ready(Ok(mut guard)) = self.socket.poll_read_ready(&mut waker) {
                guard.clear_ready();
            }
        }
        Ok(received)
    }

    /// It said or did what no worker of ours does: it is to be killed. The first reason
    /// counts.
    pub(super) fn condemn(&mut self, reason: &str) {
        self.condemned.get_or_insert_with(|| reason.to_owned());
    }

    /// Kills it; its end is told by [`WorkerProcess::wait`].
    pub(super) fn kill(&mut self) {
        if let Err(error) = self.child.start_kill() {
            tracing::warn!(%error, "cannot kill the worker");
        }
    }
}
