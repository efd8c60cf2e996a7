//! The device between the test and the kernel.

use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use anyhow::{Context as _, Result};
use tun_rs::{DeviceBuilder, SyncDevice};

use crate::netns::Netns;

/// Of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// RFC 791.
    V4,
    /// RFC 8200.
    V6,
}

impl Version {
    /// Both.
    pub const BOTH: [Version; 2] = [Version::V4, Version::V6];

    /// The kernel's address in the namespace.
    pub(super) fn kernel(self) -> IpAddr {
        match self {
            Version::V4 => Ipv4Addr::new(10, 9, 0, 1).into(),
            Version::V6 => Ipv6Addr::new(0xfd09, 0, 0, 0, 0, 0, 0, 1).into(),
        }
    }

    /// The address that the test plays.
    pub(super) fn peer(self) -> IpAddr {
        match self {
            Version::V4 => Ipv4Addr::new(10, 9, 0, 2).into(),
            Version::V6 => Ipv6Addr::new(0xfd09, 0, 0, 0, 0, 0, 0, 2).into(),
        }
    }
}

/// A TUN device in a namespace of its own: what is written to it arrives at the kernel before
/// the call returns, and what the kernel sends to the peer is read from it.
pub(super) struct Wire {
    pub(super) netns: Netns,
    device: SyncDevice,
    buffer: Vec<u8>,
}

impl Wire {
    /// `None` where the kernel has no TUN.
    pub(super) fn open() -> Result<Option<Wire>> {
        if !std::path::Path::new("/dev/net/tun").exists() {
            return Ok(None);
        }
        let netns = Netns::labelled("oracle")?;
        let device = netns.run(|| {
            let device = DeviceBuilder::new().name("oracle").build_sync();
            device.context("the TUN device")
        })?;
        device.set_nonblocking(true)?;
        netns.ip("link set oracle up")?;
        netns.ip("addr add 10.9.0.1/24 dev oracle")?;
        netns.ip("addr add fd09::1/64 dev oracle nodad")?;
        Ok(Some(Wire {
            netns,
            device,
            buffer: vec![0; 1 << 16],
        }))
    }

    pub(super) fn send(&self, packet: &[u8]) -> Result<()> {
        self.device.send(packet).context("a packet to the kernel")?;
        Ok(())
    }

    /// The next packet that the kernel has sent, if there is one.
    pub(super) fn receive(&mut self) -> Result<Option<&[u8]>> {
        match self.device.recv(&mut self.buffer) {
            Ok(length) => Ok(Some(&self.buffer[..length])),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error).context("a packet from the kernel"),
        }
    }
}
