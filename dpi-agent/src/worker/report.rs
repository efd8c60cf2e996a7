//! What an engine finds, on its way to the supervisor.

use std::{os::fd::OwnedFd, sync::Arc};

use dpi_api::{
    alert::{self, Text, WireAlert},
    messages::{BYPASSES_A_MESSAGE, BypassRecord, Reason, ToSupervisor, Transport},
};
use dpi_capture::CounterPage;
use dpi_snort::{Action, Alert, BypassReason, Direction, FlowEndpoints, Output, Tag};

use crate::{
    socket::{Sender, Sent},
    worker::counters::{RingCounter, ThreadCounter},
};

/// Sends alerts at once and bypasses in batches, and never waits: what finds the socket
/// full is counted and gone.
#[derive(Debug)]
pub(super) struct Report {
    socket: Arc<OwnedFd>,
    sender: Sender,
    counters: Arc<CounterPage<RingCounter>>,
    bypasses: Vec<BypassRecord>,
    /// Of the ruleset in force.
    pub(super) epoch: u32,
}

impl Report {
    pub(super) fn new(
        socket: Arc<OwnedFd>,
        counters: Arc<CounterPage<RingCounter>>,
        epoch: u32,
    ) -> Self {
        Self {
            socket,
            sender: Sender::default(),
            counters,
            bypasses: Vec::with_capacity(BYPASSES_A_MESSAGE),
            epoch,
        }
    }

    /// Sends the bypasses that are there.
    pub(super) fn flush(&mut self) {
        if self.bypasses.is_empty() {
            return;
        }
        let count = self.bypasses.len() as u64;
        let message = ToSupervisor::Bypass(std::mem::take(&mut self.bypasses));
        let lost = !self.write(&message);
        // The batch's memory is used again.
        if let ToSupervisor::Bypass(mut batch) = message {
            batch.clear();
            self.bypasses = batch;
        }
        self.counters.add(ThreadCounter::Bypasses.into(), count);
        if lost {
            self.counters.add(ThreadCounter::BypassesLost.into(), count);
        }
    }

    fn write(&mut self, message: &ToSupervisor) -> bool {
        matches!(self.sender.write(&self.socket, message), Ok(Sent::Yes))
    }
}

impl Output for Report {
    fn alert(&mut self, alert: &Alert<'_>) {
        self.counters.add(ThreadCounter::Alerts.into(), 1);
        let message = ToSupervisor::Alert(wire(alert, self.epoch));
        if !self.write(&message) {
            self.counters.add(ThreadCounter::AlertsLost.into(), 1);
        }
    }

    fn bypass(&mut self, tag: Tag, flow: &FlowEndpoints, reason: BypassReason) {
        let transport = match flow.protocol {
            6 => Transport::Tcp,
            17 => Transport::Udp,
            _ => return,
        };
        self.bypasses.push(BypassRecord {
            slot: tag.slot.0,
            src: flow.src,
            dst: flow.dst,
            src_port: flow.src_port,
            dst_port: flow.dst_port,
            transport,
            epoch: self.epoch,
            reason: match reason {
                BypassReason::NoRule => Reason::NoRule,
                BypassReason::Encrypted => Reason::Encrypted,
                BypassReason::Depth => Reason::Depth,
                BypassReason::Panic => Reason::Panic,
            },
        });
        if self.bypasses.len() >= BYPASSES_A_MESSAGE {
            self.flush();
        }
    }
}

fn wire(alert: &Alert<'_>, epoch: u32) -> WireAlert {
    let flow = &alert.flow;
    let is_icmp = matches!(flow.protocol, 1 | 58);
    WireAlert {
        slot: alert.tag.slot.0,
        direction: match alert.tag.direction {
            Direction::FromWorkload => alert::Direction::Egress,
            Direction::ToWorkload => alert::Direction::Ingress,
        },
        time_ns: alert.time.0,
        src_ip: flow.src,
        dest_ip: flow.dst,
        src_port: if is_icmp { 0 } else { flow.src_port },
        dest_port: if is_icmp { 0 } else { flow.dst_port },
        protocol: flow.protocol,
        icmp: alert.icmp.map(|icmp| alert::IcmpType {
            icmp_type: icmp.icmp_type,
            icmp_code: icmp.icmp_code,
        }),
        app_proto: alert.app_proto.map(Text::cut),
        flow_id: alert.flow_id,
        gid: alert.gid,
        sid: alert.sid,
        rev: alert.rev,
        msg: Text::cut(alert.msg),
        classtype: alert.classtype.map(Text::cut),
        category: alert.category.map(Text::cut),
        priority: alert.priority,
        action: action(alert.action),
        rebuilt: alert.rebuilt,
        ruleset_epoch: epoch,
    }
}

fn action(action: Action) -> alert::Action {
    match action {
        Action::Alert => alert::Action::Alert,
        Action::Log => alert::Action::Log,
        Action::Pass => alert::Action::Pass,
        Action::Drop => alert::Action::Drop,
        Action::Block => alert::Action::Block,
        Action::Reject => alert::Action::Reject,
        Action::Rewrite => alert::Action::Rewrite,
        Action::React => alert::Action::React,
    }
}
