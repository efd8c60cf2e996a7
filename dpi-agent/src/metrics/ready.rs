//! Whether the agent has come up.

use crate::node::{State, Status};

/// What readiness asks for. Each part latches: an agent that has come up stays ready while
/// a worker restarts or the API server is away, for neither is a reason to hold up the
/// roll-out of the next one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ready {
    /// Every watch was in sync, or the manifests were read.
    synced: bool,
    /// Rules were compiled and the maps written, or nothing was selected.
    working: bool,
}

impl Ready {
    /// Takes note of `status`; why the agent is not ready, if it is not.
    pub(super) fn see(&mut self, status: &Status) -> Result<(), &'static str> {
        // Before the supervisor's first word nothing is known.
        let begun = status.pid != 0;
        self.synced |= begun && status.api.as_ref().is_none_or(|api| api.synced);
        self.working |= match status.state {
            State::Inspecting => true,
            State::Idle => self.synced,
            State::Starting | State::Stopped => false,
        };
        match (self.synced, self.working) {
            (true, true) => Ok(()),
            (false, _) => Err("the watches of the API server are not in sync"),
            (true, false) => Err("rules are compiled and programs attached"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watches::ApiStatus;

    #[test]
    fn it_latches() {
        let status = |pid, state, synced: Option<bool>| Status {
            pid,
            state,
            api: synced.map(|synced| ApiStatus {
                synced,
                ..ApiStatus::default()
            }),
            ..Status::default()
        };
        for (what, steps) in [
            (
                "an API server",
                vec![
                    (status(0, State::Idle, None), false),
                    (status(1, State::Idle, Some(false)), false),
                    (status(1, State::Inspecting, Some(false)), false),
                    (status(1, State::Starting, Some(true)), true),
                    (status(1, State::Stopped, Some(false)), true),
                ],
            ),
            (
                "nothing selected",
                vec![
                    (status(1, State::Idle, Some(false)), false),
                    (status(1, State::Idle, Some(true)), true),
                    (status(1, State::Starting, Some(true)), true),
                ],
            ),
            (
                "manifests",
                vec![
                    (status(0, State::Idle, None), false),
                    (status(1, State::Starting, None), false),
                    (status(1, State::Inspecting, None), true),
                ],
            ),
        ] {
            let mut ready = Ready::default();
            for (number, (status, wanted)) in steps.iter().enumerate() {
                assert_eq!(ready.see(status).is_ok(), *wanted, "{what}, step {number}");
            }
        }
    }
}
