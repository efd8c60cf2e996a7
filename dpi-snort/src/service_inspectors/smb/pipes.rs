//! The pipes of one connection, each with a dialogue of DCE/RPC in it.

use super::carried::{Open, OpenId};
use crate::{
    config::Config,
    flow::Sides,
    service_inspectors::{
        dce::{Association, Framing, Part, Spoken},
        labels::Labels,
    },
};

/// All of them, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Pipes(Vec<Pipe>);

#[derive(Debug)]
struct Pipe {
    id: OpenId,
    sides: Sides<Framing>,
    association: Association,
    /// It is closed: what is written to it again is of another.
    is_closed: bool,
}

impl Pipe {
    fn new(id: OpenId) -> Pipe {
        Pipe {
            id,
            sides: Sides::default(),
            association: Association::default(),
            is_closed: false,
        }
    }

    fn memory(&self) -> usize {
        let Sides { client, server } = &self.sides;
        size_of::<Pipe>()
            .saturating_add(client.memory())
            .saturating_add(server.memory())
            .saturating_add(self.association.memory())
    }
}

impl Pipes {
    /// Whether these bytes are written to a pipe, or read from one. Where the share is not
    /// known, they are if they begin as DCE/RPC does.
    pub(super) fn is_pipe(&self, open: &Open, data: &[u8]) -> bool {
        open.is_pipe.unwrap_or_else(|| {
            let is_known = self.0.iter().any(|pipe| pipe.id == open.id);
            is_known || matches!(data, [5, 0 | 1, 0..=19, ..])
        })
    }

    /// Takes bytes of a pipe and calls `tell` with what they come to.
    pub(super) fn feed(
        &mut self,
        (to_server, id): (bool, OpenId),
        mut data: &[u8],
        config: &Config,
        limits_hit: &mut Labels,
        tell: &mut dyn FnMut(&Spoken<'_>),
    ) {
        let mut pipe = self.take(to_server, id);
        loop {
            let framing = pipe.sides.side_mut(to_server);
            match framing.next(&mut data) {
                Ok(None) => break,
                Ok(Some(Part::Piece(_))) => {}
                Ok(Some(Part::Pdu(pdu))) => {
                    if let Some(spoken) = pipe.association.take(pdu, config, limits_hit) {
                        tell(&spoken);
                    }
                }
                // What is written next begins anew: bytes may have been lost.
                Err(reason) => {
                    limits_hit.note(reason);
                    framing.reset();
                    break;
                }
            }
        }
        if self.0.len() >= config.smb_max_pipes {
            limits_hit.note("smb_max_pipes");
            self.forget_one();
        }
        self.0.push(pipe);
        self.relieve(config.smb_memory, limits_hit);
    }

    /// The pipe is closed; what was asked of it may still be answered.
    pub(super) fn close(&mut self, id: OpenId) {
        if let Some(pipe) = self.0.iter_mut().find(|pipe| pipe.id == id) {
            pipe.is_closed = true;
        }
    }

    pub(super) fn rename(&mut self, from: OpenId, to: OpenId) {
        if self.0.iter().any(|pipe| pipe.id == from) {
            self.0.retain(|pipe| pipe.id != to);
        }
        for pipe in self.0.iter_mut().filter(|pipe| pipe.id == from) {
            pipe.id = to;
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.0.iter().map(Pipe::memory).sum()
    }

    /// Takes out the pipe of this id, or makes it.
    fn take(&mut self, to_server: bool, id: OpenId) -> Pipe {
        let known = self.0.iter().position(|pipe| pipe.id == id);
        let pipe = known.map(|at| self.0.remove(at));
        let pipe = pipe.filter(|pipe| !(pipe.is_closed && to_server));
        pipe.unwrap_or_else(|| Pipe::new(id))
    }

    /// Forgets pipes, but the last, until the rest holds no more than `limit`.
    fn relieve(&mut self, limit: usize, limits_hit: &mut Labels) {
        while self.0.len() > 1 && self.memory() > limit {
            limits_hit.note("smb_memory");
            self.forget_one();
        }
    }

    /// Forgets a pipe that is closed, or else the oldest.
    fn forget_one(&mut self) {
        let closed = self.0.iter().position(|pipe| pipe.is_closed);
        let at = closed.unwrap_or(0);
        if at < self.0.len() {
            self.0.remove(at);
        }
    }
}
