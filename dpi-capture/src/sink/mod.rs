//! The device that the eBPF programs clone packets to, and that throws them away.
//!
//! It exists to be tapped: a ring bound to it sees each clone with `skb->hash` as it was
//! set. Never an ifb: it sends clones back into the device they came from, so that the
//! workload would get each packet twice.

mod classifier;
mod error;
mod netlink;
mod tap;

use std::{fmt, os::fd::OwnedFd, str::FromStr};

pub use error::{Attempt, SinkError};
use netlink::{Netlink, Spec};

/// What a sink is made of, in the order they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SinkKind {
    /// The `dummy` driver.
    Dummy,
    /// A tap whose filter refuses everything; it goes when this process does.
    Tap,
    /// A veth pair; clones enter at one end's ingress and are dropped by a TCX program.
    Veth,
}

impl SinkKind {
    /// Every kind, the best first.
    pub const ALL: [SinkKind; 3] = [SinkKind::Dummy, SinkKind::Tap, SinkKind::Veth];

    /// Its name in the status and in options.
    pub const fn as_str(self) -> &'static str {
        match self {
            SinkKind::Dummy => "dummy",
            SinkKind::Tap => "tap",
            SinkKind::Veth => "veth",
        }
    }
}

impl fmt::Display for SinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which kinds may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// The first of [`SinkKind::ALL`] that works.
    #[default]
    Auto,
    /// This one or none.
    Only(SinkKind),
}

/// Text that is no [`Preference`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no sink: auto, dummy, tap or veth")]
pub struct UnknownSink(pub String);

impl FromStr for Preference {
    type Err = UnknownSink;

    fn from_str(text: &str) -> Result<Preference, UnknownSink> {
        if text == "auto" {
            return Ok(Preference::Auto);
        }
        let kind = SinkKind::ALL.into_iter().find(|kind| kind.as_str() == text);
        kind.map(Preference::Only)
            .ok_or_else(|| UnknownSink(text.to_owned()))
    }
}

/// How `bpf_clone_redirect` reaches the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Its `ifindex` argument.
    pub ifindex: u32,
    /// Its `flags` argument: 0, or 1 (`BPF_F_INGRESS`).
    pub flags: u64,
}

/// A sink device, up, with no address. Dropping it takes a tap away and leaves a dummy
/// or veth for the next start to adopt; [`Sink::remove`] takes any away.
#[derive(Debug)]
pub struct Sink {
    kind: SinkKind,
    name: String,
    ifindex: u32,
    gso_max_size: u32,
    /// The tap, or the TCX link: what must stay open for the device to throw packets away.
    #[expect(dead_code, reason = "held for its effect in the kernel")]
    holder: Option<OwnedFd>,
    passed_over: Vec<Attempt>,
}

impl Sink {
    /// The usual name of the device.
    pub const NAME: &'static str = "dpi-sink";

    /// Makes the sink, or adopts the one of the same kind that a crash left, in the
    /// calling thread's network namespace. Needs `CAP_NET_ADMIN`, a veth also `CAP_BPF`.
    pub fn create(preference: Preference, name: &str) -> Result<Sink, SinkError> {
        // IFNAMSIZ - 1, and room for the veth peer's suffix.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > 13 || !name.bytes().all(plain) {
            return Err(SinkError::Name(name.to_owned()));
        }
        let kinds: &[SinkKind] = match &preference {
            Preference::Auto => &SinkKind::ALL,
            Preference::Only(kind) => std::slice::from_ref(kind),
        };
        let mut attempts = Vec::new();
        for &kind in kinds {
            match Sink::create_kind(kind, name) {
                Ok(sink) => {
                    return Ok(Sink {
                        passed_over: attempts,
                        ..sink
                    });
                }
                Err(reason) => attempts.push(Attempt { kind, reason }),
            }
        }
        Err(SinkError::Impossible { attempts })
    }

    fn create_kind(kind: SinkKind, name: &str) -> Result<Sink, error::Reason> {
        let mut netlink = Netlink::open()?;
        let found = netlink.find(name)?;
        let wanted = match kind {
            SinkKind::Dummy => "dummy",
            SinkKind::Tap => "tun",
            SinkKind::Veth => "veth",
        };
        let adopt = match found {
            Some(link) if link.kind == wanted && kind != SinkKind::Tap => true,
            Some(link) if link.ours && link.kind != "tun" => {
                netlink.delete(link.ifindex)?;
                false
            }
            Some(link) => {
                return Err(error::Reason::Taken {
                    name: name.into(),
                    kind: link.kind,
                });
            }
            None => false,
        };
        let mut holder = None;
        match kind {
            SinkKind::Tap => holder = Some(tap::open(name)?),
            SinkKind::Dummy if !adopt => netlink.create(name, &Spec::Dummy)?,
            SinkKind::Veth if !adopt => netlink.create(name, &Spec::Veth { peer: peer(name) })?,
            SinkKind::Dummy | SinkKind::Veth => {}
        }
        match Sink::set_up(&mut netlink, kind, name, holder) {
            Ok(sink) => Ok(sink),
            Err(reason) => {
                // A half-made device must not stay for others to stumble over.
                if let Ok(Some(link)) = netlink.find(name) {
                    let _ = netlink.delete(link.ifindex);
                }
                Err(reason)
            }
        }
    }

    fn set_up(
        netlink: &mut Netlink,
        kind: SinkKind,
        name: &str,
        mut holder: Option<OwnedFd>,
    ) -> Result<Sink, error::Reason> {
        let link = netlink.find(name)?.ok_or(error::Reason::Vanished)?;
        let gso_max_size = netlink.configure(name, &link)?;
        if kind == SinkKind::Veth {
            holder = Some(classifier::drop_ingress(link.ifindex)?);
            let peer_link = netlink.find(&peer(name))?.ok_or(error::Reason::Vanished)?;
            netlink.configure(&peer(name), &peer_link)?;
        }
        Ok(Sink {
            kind,
            name: name.to_owned(),
            ifindex: link.ifindex,
            gso_max_size,
            holder,
            passed_over: Vec::new(),
        })
    }

    /// Deletes the device.
    pub fn remove(self) -> Result<(), SinkError> {
        let removed = Netlink::open().and_then(|mut netlink| netlink.delete(self.ifindex));
        removed.map_err(|reason| SinkError::Impossible {
            attempts: vec![Attempt {
                kind: self.kind,
                reason,
            }],
        })
    }

    /// What it is made of.
    pub fn kind(&self) -> SinkKind {
        self.kind
    }

    /// The better kinds that did not work, each with its reason.
    pub fn passed_over(&self) -> &[Attempt] {
        &self.passed_over
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What rings bind to.
    pub fn ifindex(&self) -> u32 {
        self.ifindex
    }

    /// Larger packets are cut up before they are seen; bytes.
    pub fn gso_max_size(&self) -> u32 {
        self.gso_max_size
    }

    /// Arguments for `bpf_clone_redirect`.
    pub fn redirect(&self) -> Redirect {
        const BPF_F_INGRESS: u64 = 1;
        let flags = if self.ignore_outgoing() {
            BPF_F_INGRESS
        } else {
            0
        };
        Redirect {
            ifindex: self.ifindex,
            flags,
        }
    }

    /// [`RingOptions::ignore_outgoing`](crate::RingOptions::ignore_outgoing) for this sink:
    /// clones are received by a veth and sent by the others.
    pub fn ignore_outgoing(&self) -> bool {
        self.kind == SinkKind::Veth
    }
}

/// The end that nothing uses.
fn peer(name: &str) -> String {
    format!("{name}-p")
}
