//! What is known of one connection: shares, requests that wait for an answer, pipes.

use super::{
    carried::{Open, OpenId},
    pipes::Pipes,
};
use crate::{config::Config, service_inspectors::labels::Labels};

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Shares in use, the oldest first.
    trees: Vec<(TreeId, bool)>,
    /// Requests under way, the oldest first.
    requests: Vec<Request>,
    pub(super) pipes: Pipes,
    pub(super) limits_hit: Labels,
}

/// Names a share in use: the session, which SMB 1 leaves 0, and the number in it.
pub(super) type TreeId = (u64, u32);

/// A request for data, whose answer does not say from where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) id: u64,
    pub(super) open: Open,
    pub(super) offset: Option<u64>,
}

impl Session {
    /// The share is in use from now on.
    pub(super) fn connect(&mut self, id: TreeId, is_pipe: bool, config: &Config) {
        self.trees.retain(|(known, _)| *known != id);
        let (trees, limit) = (&mut self.trees, config.smb_max_trees);
        self.limits_hit
            .push("smb_max_trees", trees, limit, (id, is_pipe));
    }

    /// Whether it is one of pipes; `None` if it is not known.
    pub(super) fn is_pipe(&self, id: TreeId) -> Option<bool> {
        let tree = self.trees.iter().find(|(known, _)| *known == id);
        tree.map(|(_, is_pipe)| *is_pipe)
    }

    /// The answer to the request will carry data.
    pub(super) fn ask(&mut self, request: Request, config: &Config) {
        self.answered(request.id);
        let (requests, limit) = (&mut self.requests, config.smb_max_requests);
        self.limits_hit
            .push("smb_max_requests", requests, limit, request);
    }

    pub(super) fn asked(&self, id: u64) -> Option<Request> {
        self.requests
            .iter()
            .find(|request| request.id == id)
            .copied()
    }

    pub(super) fn answered(&mut self, id: u64) {
        self.requests.retain(|request| request.id != id);
    }

    /// What was created has its id.
    pub(super) fn name(&mut self, created: OpenId, id: OpenId) {
        self.pipes.rename(created, id);
        for request in &mut self.requests {
            if request.open.id == created {
                request.open.id = id;
            }
        }
    }

    pub(super) fn memory(&self) -> usize {
        let trees = self
            .trees
            .capacity()
            .saturating_mul(size_of::<(TreeId, bool)>());
        let requests = self
            .requests
            .capacity()
            .saturating_mul(size_of::<Request>());
        trees
            .saturating_add(requests)
            .saturating_add(self.pipes.memory())
    }
}
