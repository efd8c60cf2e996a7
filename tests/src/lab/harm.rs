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
    /// Of these, the ones that the other end says it had already (RFC 2883): nothing was lost,
    /// an answer was late, as it is where processors are short.
    pub in_vain: u64,
}

impl Harm {
    /// Runs `during` while numbered datagrams and a bulk connection of a lab of red and blue
    /// pods ([`Lab::red_and_blue`]) cross `red1` from unselected pods.
    pub fn of(lab: &Lab, during: impl FnOnce() -> Result<()>) -> Result<Harm> {
        let (red, udp, tcp) = (lab.pod("red1"), lab.pod("blue1"), lab.pod("blue2"));
        let both = |protocol, counter| {
            let each = [red, tcp].map(|pod| pod.counter(protocol, counter));
            each.into_iter().sum::<Result<u64>>()
        };
        let retransmitted = || both("Tcp", "RetransSegs");
        let in_vain = || both("TcpExt", "TCPDSACKRecv");
        let before = (retransmitted()?, in_vain()?);
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
            retransmitted: retransmitted()? - before.0,
            in_vain: in_vain()? - before.1,
        })
    }

    /// Segments of TCP that were lost, as far as its ends know.
    pub fn lost_segments(&self) -> u64 {
        self.retransmitted.saturating_sub(self.in_vain)
    }

    /// Whether there was no more of it than in another run. A busy machine loses and repeats
    /// by itself.
    pub fn within(&self, other: &Harm) -> bool {
        self.gaps <= other.gaps && self.retransmitted <= other.retransmitted
    }

    /// Whether no more was lost than in another run, whatever was sent again in vain.
    pub fn loses_no_more_than(&self, other: &Harm) -> bool {
        self.gaps <= other.gaps && self.lost_segments() <= other.lost_segments()
    }
}
