//! Programs, sink and rings while something is selected.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use dpi_api::messages::{BypassRecord, PortBytes, PortMap, RulesReport, Transport};
use dpi_common::{
    BoundPort, Counters, FlowKey, FlowTuple, PortBitmap, Sides, Slot,
    flow::{Address, IPV4, IPV6, protocol},
    ports::{PortSide, flags},
};

use super::{
    account::Account,
    plan::{Plan, Step, steps},
    rings::{CaptureError, CaptureOptions, Rings},
};
use crate::{
    error_line::error_line,
    interfaces::{CgroupId, Interfaces},
    kernel::{self, Kernel, KernelError},
};

/// The programs hand over for so long after the last renewal: three missed ones.
const LEASE: Duration = Duration::from_secs(4);

/// Why inspection cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The kernel's side.
    #[error(transparent)]
    Kernel(#[from] Box<KernelError>),
    /// Sink and rings.
    #[error(transparent)]
    Capture(#[from] CaptureError),
}

/// What exists only while something is selected.
#[derive(Debug)]
pub(super) struct Session {
    kernel: Kernel,
    pub(super) rings: Rings,
    /// What the programs had counted when they were opened.
    baseline: Counters,
    /// What the kernel holds.
    pub(super) plan: Plan,
    /// Ports that it holds.
    bound: BTreeMap<Port, (BoundPort, Slot)>,
}

/// A [`BoundPort`] in an order.
type Port = (u8, u8, Address, u16);

impl Session {
    /// Loads or adopts the programs and binds the rings. Nothing is handed over yet.
    /// `account` gets what an earlier agent that died left to be booked; `seen` is what
    /// the programs had counted when it last wrote it down.
    pub(super) fn open(
        options: &kernel::Options,
        capture: &CaptureOptions,
        account: &mut Account,
        seen: Option<&Counters>,
    ) -> Result<Self, SessionError> {
        let mut kernel = Kernel::open(options).map_err(Box::new)?;
        // Nothing is on its way any more once the lease is gone; what is not accounted
        // for now was handed over to nobody.
        kernel.revoke_lease().map_err(Box::new)?;
        let baseline = kernel.counters().map_err(Box::new)?;
        if let Some(seen) = seen {
            account.add_kernel(&baseline.since(seen));
            account.book_agent_restart();
        }
        // Interfaces keep their slots; cgroups, addresses and ports are few and soon known.
        kernel.clear_shared().map_err(Box::new)?;
        kernel.clear_watched().map_err(Box::new)?;
        let plan = Plan {
            interfaces: kernel.attached().map_err(Box::new)?,
            ..Plan::default()
        };
        let rings = Rings::open(capture)?;
        kernel.set_sink(Some(rings.target())).map_err(Box::new)?;
        Ok(Self {
            kernel,
            rings,
            baseline,
            plan,
            bound: BTreeMap::new(),
        })
    }

    /// Puts what the rules ask for into force.
    pub(super) fn set_rules(&mut self, report: &RulesReport) -> Result<(), KernelError> {
        self.kernel.set_ports(&bitmap(&report.ports))?;
        self.kernel.set_epoch(report.epoch)
    }

    /// Lets the programs hand over for some seconds.
    pub(super) fn renew_lease(&mut self) -> Result<(), KernelError> {
        self.kernel.renew_lease(LEASE)
    }

    /// Brings the kernel to `wanted`. Steps that fail are told and left for the next time.
    /// With `keep` nothing is taken away: what `wanted` lacks may only not be known yet.
    pub(super) fn reconcile(
        &mut self,
        wanted: &Plan,
        interfaces: &Interfaces,
        keep: bool,
    ) -> Vec<(Step, KernelError)> {
        let mut failed = Vec::new();
        for step in steps(&self.plan, wanted) {
            if keep && step.takes_away() {
                continue;
            }
            match self.take(step, interfaces) {
                Ok(()) => self.plan.apply(step),
                Err(error) => failed.push((step, error)),
            }
        }
        failed
    }

    fn take(&mut self, step: Step, interfaces: &Interfaces) -> Result<(), KernelError> {
        match step {
            Step::Detach(ifindex) => self.kernel.detach(ifindex),
            Step::ClearCgroup(cgroup) => self.kernel.remove_cgroup(cgroup.id),
            Step::ClearPodIp(ip) => self.kernel.remove_pod_ip(ip),
            Step::SetCgroup(CgroupId { id, level }, slot) => {
                self.kernel.set_cgroup(id, level, slot)
            }
            Step::SetPodIp(ip, slot) => self.kernel.set_pod_ip(ip, slot),
            Step::Attach(ifindex, what) => {
                let name = interfaces.name(ifindex).unwrap_or_default();
                self.kernel.attach_as(ifindex, name, what)
            }
        }
    }

    /// Puts these ports in the place of those that are there.
    pub(super) fn set_bound(&mut self, ports: &[(BoundPort, Slot)]) -> Result<(), KernelError> {
        let key = |port: &BoundPort| (port.protocol, port.family, port.address, port.port);
        let wanted: BTreeMap<Port, _> = ports.iter().map(|both| (key(&both.0), *both)).collect();
        for (key, (port, _)) in &self.bound {
            if !wanted.contains_key(key) {
                self.kernel.remove_bound(*port)?;
            }
        }
        for (key, (port, slot)) in &wanted {
            if self.bound.get(key).is_none_or(|(_, held)| held != slot) {
                self.kernel.set_bound(*port, *slot)?;
            }
        }
        self.bound = wanted;
        Ok(())
    }

    /// How many ports there are.
    pub(super) fn bound(&self) -> usize {
        self.bound.len()
    }

    /// Flows of interfaces that are watched.
    pub(super) fn watched(&self) -> Result<Vec<(FlowKey, Sides)>, KernelError> {
        self.kernel.watched()
    }

    /// The programs are to hand over nothing of these flows.
    pub(super) fn bypass(&mut self, records: &[BypassRecord]) -> Result<usize, KernelError> {
        let keys: Vec<FlowKey> = records.iter().map(flow_key).collect();
        self.kernel.add_bypass(&keys)
    }

    /// The programs' counters, as they stand in the kernel.
    pub(super) fn counters(&self) -> Result<Counters, KernelError> {
        self.kernel.counters()
    }

    /// `base` with all that this session counted so far.
    pub(super) fn account(&self, base: &Account) -> Result<Account, KernelError> {
        let mut account = base.clone();
        account.add_kernel(&self.kernel.counters()?.since(&self.baseline));
        self.rings.add_to(&mut account);
        Ok(account)
    }

    /// Passes on what the programs have logged.
    pub(super) fn flush_log(&mut self) {
        self.kernel.flush_log();
    }

    /// How programs are attached.
    pub(super) fn attach_mode(&self) -> String {
        format!("{:?}", self.kernel.mode()).to_lowercase()
    }

    /// Takes every program off; nothing is handed over after it.
    pub(super) fn quiesce(&mut self) {
        let failed = self.reconcile(&Plan::default(), &Interfaces::default(), false);
        for (step, error) in failed {
            tracing::warn!(?step, "{}", error_line(&error));
        }
        if let Err(error) = self.kernel.revoke_lease() {
            tracing::warn!("{}", error_line(&error));
        }
    }

    /// Leaves nothing in the kernel.
    pub(super) fn close(self) -> Result<(), KernelError> {
        let removed = self.kernel.unpin_all();
        self.rings.remove();
        removed
    }
}

fn bitmap(ports: &PortMap) -> PortBitmap {
    let mut bitmap = PortBitmap::NOTHING;
    let each = |bytes: &PortBytes, all: u64, want: fn(&mut PortBitmap, PortSide, u16)| {
        let mut wanted = PortBitmap::NOTHING;
        if bytes.is_all() {
            wanted.want(all);
            return wanted;
        }
        for port in bytes.iter() {
            want(&mut wanted, PortSide::Source, port);
            want(&mut wanted, PortSide::Destination, port);
        }
        wanted
    };
    bitmap.merge(&each(&ports.tcp, flags::TCP, PortBitmap::want_tcp));
    bitmap.merge(&each(&ports.udp, flags::UDP, PortBitmap::want_udp));
    if ports.icmp {
        bitmap.want(flags::ICMP);
    }
    if ports.other {
        bitmap.want(flags::OTHER);
    }
    // A tunnel may carry anything that a rule asks for.
    if bitmap != PortBitmap::NOTHING {
        bitmap.want(flags::TUNNEL);
    }
    bitmap
}

fn flow_key(record: &BypassRecord) -> FlowKey {
    let protocol = match record.transport {
        Transport::Tcp => protocol::TCP,
        Transport::Udp => protocol::UDP,
    };
    let family = if record.src.is_ipv4() { IPV4 } else { IPV6 };
    let (src, dst) = (words(record.src), words(record.dst));
    let ends = ((&src, record.src_port), (&dst, record.dst_port));
    FlowKey {
        tuple: FlowTuple::new(family, protocol, ends.0, ends.1),
        slot: record.slot,
        epoch: record.epoch,
    }
}

/// An address as the programs load it from a packet.
fn words(ip: IpAddr) -> Address {
    let mut bytes = [0; 16];
    match ip {
        IpAddr::V4(ip) => bytes[..4].copy_from_slice(&ip.octets()),
        IpAddr::V6(ip) => bytes.copy_from_slice(&ip.octets()),
    }
    let mut words = [0; 4];
    for (word, four) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32::from_ne_bytes([four[0], four[1], four[2], four[3]]);
    }
    words
}

#[cfg(test)]
mod tests {
    use dpi_api::messages::Reason;

    use super::*;

    #[test]
    fn the_bitmap_wants_what_the_rules_want() {
        let mut ports = PortMap {
            tcp: PortBytes::none(),
            udp: PortBytes::all(),
            icmp: false,
            other: false,
        };
        ports.tcp.insert(80);
        let bitmap = bitmap(&ports);
        for (protocol, src, dst, wanted) in [
            (6, 40_000, 80, true),
            (6, 80, 40_000, true),
            (6, 40_000, 81, false),
            (17, 1, 2, true),
            (1, 0, 0, false),
            (132, 1, 2, false),
            (47, 0, 0, true),
        ] {
            assert_eq!(
                bitmap.wants(protocol, src, dst),
                wanted,
                "{protocol} {src} {dst}"
            );
        }
        let none = PortMap {
            tcp: PortBytes::none(),
            udp: PortBytes::none(),
            icmp: false,
            other: false,
        };
        assert!(super::bitmap(&none) == PortBitmap::NOTHING);
        assert!(super::bitmap(&PortMap::all()) == PortBitmap::EVERYTHING);
    }

    #[test]
    fn both_directions_of_a_flow_have_one_key() {
        let record = |src: &str, src_port, dst: &str, dst_port| BypassRecord {
            slot: 3,
            src: src.parse().unwrap(),
            dst: dst.parse().unwrap(),
            src_port,
            dst_port,
            transport: Transport::Tcp,
            epoch: 9,
            reason: Reason::NoRule,
        };
        let there = flow_key(&record("10.0.0.1", 5000, "10.0.0.2", 80));
        let back = flow_key(&record("10.0.0.2", 80, "10.0.0.1", 5000));
        assert_eq!(there, back);
        assert_eq!((there.slot, there.epoch), (3, 9));
        assert_ne!(there, flow_key(&record("10.0.0.2", 5000, "10.0.0.1", 80)));
        assert_eq!(
            words("1.2.3.4".parse().unwrap())[0].to_ne_bytes(),
            [1, 2, 3, 4]
        );
    }
}
