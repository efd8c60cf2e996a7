//! Datagrams and descriptors over the `SOCK_SEQPACKET` pair of supervisor and worker.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
};

use dpi_api::messages::{DecodeError, EncodeError, MAX_MESSAGE, decode, encode};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
    sendmsg, socketpair,
    sockopt::{set_socket_send_buffer_size, set_socket_send_buffer_size_force},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{Interest, unix::AsyncFd};

/// Descriptors that one datagram may carry; the kernel allows 253 (`SCM_MAX_FD`).
pub const MAX_FDS: usize = 128;
/// Bytes that may wait in each direction: some ten thousand alerts.
const QUEUE: usize = 8 << 20;

/// Why a datagram was not sent or received.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// A system call failed.
    #[error("socket of supervisor and worker: {0}")]
    System(#[from] io::Error),
    /// The message cannot be sent.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The datagram is no message.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// More descriptors than a datagram carries.
    #[error("{0} descriptors for one message; at most {MAX_FDS} can be passed")]
    TooManyFds(usize),
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Sent {
    /// It is on its way.
    Yes,
    /// The queue is full; it was not sent.
    Full,
}

/// A received message with the descriptors beside it.
#[derive(Debug)]
pub enum Received<T> {
    /// A message.
    Message(T, Vec<OwnedFd>),
    /// Nothing is there now.
    Nothing,
    /// The other end is closed.
    Closed,
}

/// Both ends, close-on-exec and non-blocking.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    for end in [&ours, &theirs] {
        set_socket_send_buffer_size_force(end, QUEUE)
            .or_else(|_| set_socket_send_buffer_size(end, QUEUE))?;
    }
    Ok((ours, theirs))
}

/// Lets tokio wait until `fd` can be read.
pub fn asynchronous<T: AsRawFd>(fd: T) -> io::Result<AsyncFd<T>> {
    #[expect(
        deprecated,
        reason = "its successor is unsafe, for types whose descriptor may change or close while \
                  it is registered; those passed here own one descriptor for their life"
    )]
    AsyncFd::with_interest(fd, Interest::READABLE)
}

/// Sends messages from memory that is used again.
#[derive(Debug, Default)]
pub struct Sender {
    buffer: Vec<u8>,
}

impl Sender {
    /// Sends by `write` alone, which is all that a worker's seccomp filter leaves it.
    pub fn write<T: Serialize>(&mut self, fd: impl AsFd, message: &T) -> Result<Sent, SocketError> {
        encode(message, &mut self.buffer)?;
        loop {
            match rustix::io::write(&fd, &self.buffer) {
                Ok(_) => return Ok(Sent::Yes),
                Err(rustix::io::Errno::AGAIN) => return Ok(Sent::Full),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(io::Error::from(error).into()),
            }
        }
    }

    /// Sends a message with descriptors beside it.
    pub fn send<T: Serialize>(
        &mut self,
        fd: impl AsFd,
        message: &T,
        fds: &[BorrowedFd<'_>],
    ) -> Result<Sent, SocketError> {
        if fds.len() > MAX_FDS {
            return Err(SocketError::TooManyFds(fds.len()));
        }
        encode(message, &mut self.buffer)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(SocketError::TooManyFds(fds.len()));
        }
        let parts = [IoSlice::new(&self.buffer)];
        match sendmsg(&fd, &parts, &mut control, SendFlags::NOSIGNAL) {
            Ok(_) => Ok(Sent::Yes),
            Err(rustix::io::Errno::AGAIN) => Ok(Sent::Full),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }
}

/// Receives one message. A datagram longer than any message is refused whole.
pub fn receive<T: DeserializeOwned>(
    fd: impl AsFd,
    buffer: &mut Vec<u8>,
) -> Result<Received<T>, SocketError> {
    buffer.resize(MAX_MESSAGE + 1, 0);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let message = loop {
        match recvmsg(&fd, &mut parts, &mut control, flags) {
            Ok(message) => break message,
            Err(rustix::io::Errno::AGAIN) => return Ok(Received::Nothing),
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::CONNRESET) => return Ok(Received::Closed),
            Err(error) => return Err(io::Error::from(error).into()),
        }
    };
    let mut fds = Vec::new();
    for part in control.drain() {
        if let RecvAncillaryMessage::ScmRights(passed) = part {
            fds.extend(passed);
        }
    }
    // No message is empty: nothing read means that the other end is closed.
    if message.bytes == 0 {
        return Ok(Received::Closed);
    }
    let len = message.bytes;
    if message.flags.contains(ReturnFlags::TRUNC) {
        return Err(DecodeError::TooLong { len }.into());
    }
    let datagram = buffer.get(..len).unwrap_or_default();
    Ok(Received::Message(decode(datagram)?, fds))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use dpi_api::messages::{ToSupervisor, ToWorker};

    use super::*;

    #[test]
    fn a_message_arrives_with_its_descriptors() {
        let (ours, theirs) = pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"shared").unwrap();
        file.rewind().unwrap();
        let message = ToWorker::Rings { count: 1 };
        let fds = [file.as_fd(), file.as_fd()];
        assert_eq!(
            Sender::default().send(&ours, &message, &fds).unwrap(),
            Sent::Yes
        );
        let mut buffer = Vec::new();
        let Received::Message(received, mut fds) =
            receive::<ToWorker>(&theirs, &mut buffer).unwrap()
        else {
            panic!("nothing came");
        };
        assert_eq!((received, fds.len()), (message, 2));
        let mut text = String::new();
        let mut passed = std::fs::File::from(fds.remove(0));
        passed.read_to_string(&mut text).unwrap();
        assert_eq!(text, "shared");
    }

    #[test]
    fn a_full_queue_never_blocks_and_loses_nothing_that_was_taken() {
        let (ours, theirs) = pair().unwrap();
        let mut sender = Sender::default();
        let mut sent = 0;
        while sender.write(&ours, &ToSupervisor::Running).unwrap() == Sent::Yes {
            sent += 1;
        }
        let mut buffer = Vec::new();
        let mut received = 0;
        while let Received::Message(ToSupervisor::Running, _) =
            receive(&theirs, &mut buffer).unwrap()
        {
            received += 1;
        }
        assert!(sent > 100, "{sent}");
        assert_eq!(sent, received);
    }

    #[test]
    fn the_end_and_what_is_no_message_are_told_apart() {
        let (ours, theirs) = pair().unwrap();
        let mut buffer = Vec::new();
        assert!(matches!(
            receive::<ToWorker>(&theirs, &mut buffer).unwrap(),
            Received::Nothing
        ));
        rustix::io::write(&ours, &[0xff; 3]).unwrap();
        rustix::io::write(&ours, &vec![0; MAX_MESSAGE + 1]).unwrap();
        drop(ours);
        for _ in 0..2 {
            let refused = receive::<ToWorker>(&theirs, &mut buffer);
            assert!(
                matches!(refused, Err(SocketError::Decode(_))),
                "{refused:?}"
            );
        }
        assert!(matches!(
            receive::<ToWorker>(&theirs, &mut buffer).unwrap(),
            Received::Closed
        ));
    }
}
