//! What is beyond the node.

use std::net::Ipv4Addr;

use anyhow::Result;

use super::node::Lab;
use crate::netns::Netns;

/// The node's address towards it, and its own.
pub const NODE_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// See [`NODE_ADDRESS`].
pub const OUTSIDE_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
/// The node's interface towards it.
pub const UPLINK: &str = "uplink";

impl Lab {
    /// A machine that the node's default route leads to, and that knows the way to its pods.
    pub fn outside(&self) -> Result<Netns> {
        let outside = Netns::labelled("outside")?;
        self.node.veth(UPLINK, &outside, "eth0")?;
        self.node
            .ip(&format!("addr add {NODE_ADDRESS}/24 dev {UPLINK}"))?;
        self.node
            .ip(&format!("route add default via {OUTSIDE_ADDRESS}"))?;
        outside.ip(&format!("addr add {OUTSIDE_ADDRESS}/24 dev eth0"))?;
        outside.ip(&format!("route add 10.77.0.0/16 via {NODE_ADDRESS}"))?;
        Ok(outside)
    }
}
