//! What pods do beyond interfaces of their own: ports on the node's addresses, packets that
//! come to them another way.

use std::collections::BTreeMap;

use dpi_common::Slot;

use super::{super::redirect_peer::Shown, Supervisor};
use crate::{
    error_line::error_line,
    interfaces::{self, Location},
};

impl Supervisor {
    /// Brings the ports at which pods on the node's network wait up to date. Sockets come
    /// without notice; a pod's first packet from outside may be missed for a second.
    pub(super) fn follow_ports(&mut self) {
        let Some(session) = &mut self.session else {
            return;
        };
        let mut cgroups: BTreeMap<u64, Slot> = BTreeMap::new();
        for (uid, found) in &self.outcome.found {
            if let (Ok(Location::Cgroup(path)), Some(slot)) = (found, self.slots.of(uid)) {
                let within = interfaces::within(path).unwrap_or_default();
                cgroups.extend(within.into_iter().map(|id| (id, slot)));
            }
        }
        if let Some(own) = self.own_cgroup {
            cgroups.remove(&own.id);
        }
        if cgroups.is_empty() && session.bound() == 0 {
            return;
        }
        let ports = interfaces::bound_ports(&cgroups, self.interfaces.addresses());
        let told = match ports {
            Ok(ports) => session.set_bound(&ports).map_err(|e| error_line(&e)),
            Err(error) => Err(format!("open ports cannot be read: {error}")),
        };
        if let Err(error) = told {
            tracing::debug!("{error}");
        }
    }

    /// Looks whether packets come to pods past their interfaces.
    pub(super) fn watch_network(&mut self) {
        let Some(session) = &self.session else {
            return;
        };
        let mut slots = self.outcome.plan.interfaces.values();
        let mut slots = slots
            .by_ref()
            .filter_map(|what| Slot::new_checked(what.slot));
        if !slots.any(|slot| self.redirect.watches(slot)) {
            return;
        }
        let flows = match session.watched() {
            Ok(flows) => flows,
            Err(error) => return tracing::debug!("{}", error_line(&error)),
        };
        match self.redirect.look(&flows, self.interfaces.addresses()) {
            Shown::Nothing => return,
            Shown::Whole => {}
            Shown::Redirected => tracing::warn!(
                "the node's network hands packets to pods past their interfaces (bpf_redirect_peer): \
                 programs are put on all interfaces by which such packets come in"
            ),
        }
        let known = &self.slots;
        self.redirect
            .retain(|slot| known.owner(slot.get()).is_some());
        self.resolve();
    }
}
