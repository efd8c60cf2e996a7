//! What is remembered of one flow.

use crate::{frame::Direction, stream::tcp::TcpFlow};

/// One flow. `R` is what the rules remember of it.
#[derive(Debug)]
pub struct Flow<R> {
    /// Identity within the engine, never used again.
    pub id: u64,
    /// Which end of the [`FlowKey`](super::FlowKey) is the client.
    pub client_is_low: bool,
    /// The workload's side of what the client sends.
    pub client_direction: Direction,
    /// Whether the caller can name this flow: no tunnel, no VLAN.
    pub is_plain: bool,
    /// Flowbits and the like.
    pub rules: R,
    /// Payload bytes sent by client and server, for all but TCP.
    pub sent: Sides<u64>,
    /// Who has sent a packet.
    pub seen: Sides<bool>,
    /// Service name, once known.
    pub service: Option<&'static str>,
    /// What its datagrams look like.
    pub suspicion: Suspicion,
    /// Connection state, for TCP.
    pub tcp: Option<Box<TcpFlow>>,
    /// Memory charged to the engine's budget.
    pub charged: usize,
    /// A packet of this flow made the engine panic: nothing of it is looked at again.
    pub is_quarantined: bool,
}

/// What the datagrams of a flow looked like so far, if they are of a service that is believed
/// only once the other end has answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Suspicion {
    /// The service.
    pub service: Option<&'static str>,
    /// Datagrams that were looked at.
    pub looks: u8,
}

/// Something that both ends of a flow have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides<T> {
    /// Of what the client sends.
    pub client: T,
    /// Of what the server sends.
    pub server: T,
}

impl<T> Sides<T> {
    /// The client's if `from_client`, else the server's.
    pub fn side(&self, from_client: bool) -> &T {
        if from_client {
            &self.client
        } else {
            &self.server
        }
    }

    /// The same, to change it.
    pub fn side_mut(&mut self, from_client: bool) -> &mut T {
        if from_client {
            &mut self.client
        } else {
            &mut self.server
        }
    }
}

impl<R> Flow<R> {
    /// The workload's side of a packet or PDU of this flow.
    pub fn direction(&self, to_server: bool) -> Direction {
        if to_server {
            self.client_direction
        } else {
            self.client_direction.opposite()
        }
    }
}
