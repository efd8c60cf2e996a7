//! What a pod's traffic notices of the agent, measured.

use anyhow::{Result, ensure};

use super::{Bulk, Lab, UdpStream};

/// Datagrams a second.
const RATE: u64 = 50_000;
/// Bytes of TCP a second.
const BULK: u64 = 50_000_000;

/// What was lost or repeated on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Harm {
    /// Datagrams sent.
    pub datagrams: u64,
    /// Of these, the ones that did not arrive.
    pub gaps: u64,
    /// Bytes of TCP, all of which arrived.
    pub bytes: u64,
    /// Segments of TCP that were sent again, by both ends.
    pub retransmitted: u64,
}

impl Harm {
    /// Runs `during` while numbered datagrams and a bulk connection of a lab of red and blue
    /// pods ([`Lab::red_and_blue`]) cross `red1` from unselected pods.
    pub fn of(lab: &Lab, during: impl FnOnce() -> Result<()>) -> Result<Harm> {
        let (red, udp, tcp) = (lab.pod("red1"), lab.pod("blue1"), lab.pod("blue2"));
        let retransmitted = || {
            let each = [red, tcp].map(|pod| pod.snmp("Tcp", "RetransSegs"));
            each.into_iter().sum::<Result<u64>>()
        };
        let before = retransmitted()?;
        let datagrams = UdpStream::start(udp, red, 9000, RATE)?;
        let bulk = Bulk::start(tcp, red, 9001, BULK)?;
        during()?;
        let (bytes, received) = bulk.finish()?;
        ensure!(bytes == received, "{bytes} bytes sent, {received} received");
        let (datagrams, gaps) = datagrams.finish()?;
        Ok(Harm {
            datagrams,
            gaps,
            bytes,
            retransmitted: retransmitted()? - before,
        })
    }

    /// Whether there was no more of it than in another run. A busy machine loses and repeats
    /// by itself.
    pub fn within(&self, other: &Harm) -> bool {
        self.gaps <= other.gaps && self.retransmitted <= other.retransmitted
    }
}
