//! The eBPF programs of this node: loaded, attached, told what to do, and read.
//!
//! [`Kernel`] is the only way to them. Its maps and TCX links are pinned, so that they
//! outlive the agent: the next one adopts them without a gap. Only `maps.rs` names maps,
//! only `programs.rs` attaches. Nothing here knows Kubernetes or what a rule is; the sink
//! and the rings are `dpi_capture`'s.

mod clock;
mod error;
mod log;
mod maps;
mod object;
mod pins;
mod privileges;
mod programs;

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf, time::Duration};

use self::log::ProgramLog;
use aya::{TestRunOptions, TestRunResult};
use dpi_common::{
    BoundPort, Control, Counters, FlowKey, Interface, PortBitmap, Sides, Slot,
    select::interface_flags,
};

pub use error::KernelError;
pub use programs::{AttachMode, Hook};

use self::{maps::Maps, pins::Pins, programs::Programs};

/// How to open the kernel side.
#[derive(Clone, Debug)]
pub struct Options {
    /// Directory on a BPF file system for the pins, `/sys/fs/bpf/dpi-agent` by default.
    pub pin_dir: PathBuf,
    /// How programs are attached; `None`: TCX where the kernel has it.
    pub mode: Option<AttachMode>,
    /// Level of the programs' log: 0 (off) to 5 (trace). Fixed at load; only rare
    /// events are logged.
    pub log_level: u8,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            pin_dir: PathBuf::from("/sys/fs/bpf/dpi-agent"),
            mode: None,
            log_level: 0,
        }
    }
}

/// Where clones go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sink {
    /// Interface index of the sink.
    pub ifindex: u32,
    /// Flags of `bpf_clone_redirect`: 0, or [`Sink::INGRESS`].
    pub flags: u32,
}

impl Sink {
    /// `BPF_F_INGRESS`: to the sink's receive side.
    pub const INGRESS: u32 = 1;
}

/// What to look for on an interface of the node itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SharedInterface {
    /// Packets of processes in selected cgroups.
    pub cgroups: bool,
    /// Packets that arrive for selected pods' addresses.
    pub pod_ips: bool,
}

/// The programs and maps. Dropping it detaches nothing that is pinned; see
/// [`Kernel::unpin_all`].
#[derive(Debug)]
pub struct Kernel {
    pins: Pins,
    maps: Maps,
    programs: Programs,
    log: Option<ProgramLog>,
    control: Control,
}

/// Whether [`Kernel::open`] has what it needs of this build and process, without
/// loading anything.
pub fn check() -> Result<(), KernelError> {
    object::bytes()?;
    privileges::check()
}

impl Kernel {
    /// Loads the programs. Pinned maps and links of a predecessor are adopted if they
    /// are of the same ABI version, links by atomic replacement of their program;
    /// others are removed. Mounts the BPF file system if there is none and it may.
    ///
    /// Without a predecessor nothing is handed over yet: there is no lease, no sink, and
    /// all packets are wanted.
    pub fn open(options: &Options) -> Result<Kernel, KernelError> {
        let object = object::bytes()?;
        privileges::check()?;
        let mode = options.mode.unwrap_or_else(AttachMode::best);
        let pins = Pins::prepare(&options.pin_dir)?;
        let adopting = pins.has_maps();
        let (mut maps, programs, log) = match programs::load(object, &pins, options.log_level) {
            Ok(loaded) => loaded,
            // Pins that cannot be adopted must not keep the agent from its work.
            Err(KernelError::Map { .. }) if adopting => {
                pins.start_over()?;
                programs::load(object, &pins, options.log_level)?
            }
            Err(error) => {
                if !adopting {
                    pins.clear()?;
                }
                return Err(error);
            }
        };
        let mut control = maps.control()?;
        if control.hash_seed == 0 {
            control.hash_seed = clock::random_seed();
            maps.set_control(&control)?;
            maps.set_ports(&PortBitmap::EVERYTHING)?;
        }
        let mut kernel = Kernel {
            pins,
            maps,
            programs: Programs::new(programs, mode),
            log,
            control,
        };
        kernel.adopt()?;
        Ok(kernel)
    }

    /// Takes over the predecessor's links; forgets interfaces that are gone.
    fn adopt(&mut self) -> Result<(), KernelError> {
        let alive = self.programs.adopt(&self.pins, &self.maps.interfaces()?)?;
        for (ifindex, _) in self.maps.interfaces()? {
            if !alive.contains(&ifindex) {
                self.programs.detach(&self.pins, ifindex)?;
                self.maps.remove_interface(ifindex)?;
            }
        }
        Ok(())
    }

    /// Attaches both programs to the host's end of a workload's veth, or changes the
    /// slot if they are attached. `name` is the interface's name in the caller's network
    /// namespace and must still mean `ifindex`.
    pub fn attach(&mut self, ifindex: u32, name: &str, slot: Slot) -> Result<(), KernelError> {
        self.attach_as(ifindex, name, Interface::workload(slot))
    }

    /// Attaches both programs to an interface of the node itself.
    pub fn attach_shared(
        &mut self,
        ifindex: u32,
        name: &str,
        shared: SharedInterface,
    ) -> Result<(), KernelError> {
        let mut interface = Interface::default();
        if shared.cgroups {
            interface.flags |= interface_flags::CGROUP;
        }
        if shared.pod_ips {
            interface.flags |= interface_flags::POD_IP;
        }
        self.attach_as(ifindex, name, interface)
    }

    /// Attaches the programs that `interface` needs, or changes what those that are there do.
    pub fn attach_as(
        &mut self,
        ifindex: u32,
        name: &str,
        interface: Interface,
    ) -> Result<(), KernelError> {
        let before = self.maps.interface(ifindex)?;
        self.maps.set_interface(ifindex, interface)?;
        let attached = self.programs.attach(&self.pins, ifindex, name, interface);
        if attached.is_err() && before.is_none() {
            self.detach(ifindex)?;
        }
        attached
    }

    /// Detaches both programs. An interface that is gone, or was never attached, is no error.
    pub fn detach(&mut self, ifindex: u32) -> Result<(), KernelError> {
        self.programs.detach(&self.pins, ifindex)?;
        self.maps.remove_interface(ifindex)
    }

    /// Interfaces with programs, by index, and what these do.
    pub fn attached(&self) -> Result<BTreeMap<u32, Interface>, KernelError> {
        Ok(self.maps.interfaces()?.into_iter().collect())
    }

    /// Attaches the program that ends clones at the far end of a veth sink.
    pub fn attach_sink_drop(&mut self, ifindex: u32, name: &str) -> Result<(), KernelError> {
        self.programs.attach_sink_drop(&self.pins, ifindex, name)
    }

    /// Selects the processes of a cgroup: `id` is the inode number of its directory,
    /// `level` its depth below the root (which is 0). `None` exempts it, as the agent's own
    /// must be. The deepest entry above a process decides.
    pub fn set_cgroup(
        &mut self,
        id: u64,
        level: u32,
        slot: Option<Slot>,
    ) -> Result<(), KernelError> {
        if level >= dpi_common::select::CGROUP_LEVELS {
            return Err(KernelError::CgroupTooDeep { level });
        }
        self.maps.set_cgroup(id, slot)?;
        let levels = self.control.cgroup_levels | 1 << level;
        self.update_control(|control| control.cgroup_levels = levels)
    }

    /// Takes a cgroup out again; unknown ids are no error. Its level stays in use until
    /// none is selected any more.
    pub fn remove_cgroup(&mut self, id: u64) -> Result<(), KernelError> {
        self.maps.remove_cgroup(id)?;
        if self.maps.has_cgroups() {
            return Ok(());
        }
        self.update_control(|control| control.cgroup_levels = 0)
    }

    /// Selects the pod that has `ip`, where [`SharedInterface::pod_ips`] is looked for.
    pub fn set_pod_ip(&mut self, ip: IpAddr, slot: Slot) -> Result<(), KernelError> {
        self.maps.set_pod_ip(ip, slot)
    }

    /// Takes an address out again; unknown ones are no error.
    pub fn remove_pod_ip(&mut self, ip: IpAddr) -> Result<(), KernelError> {
        self.maps.remove_pod_ip(ip)
    }

    /// A process of a selected cgroup waits at this port for whoever speaks first.
    pub fn set_bound(&mut self, port: BoundPort, slot: Slot) -> Result<(), KernelError> {
        self.maps.set_bound(port, slot)
    }

    /// Takes a port out again; unknown ones are no error.
    pub fn remove_bound(&mut self, port: BoundPort) -> Result<(), KernelError> {
        self.maps.remove_bound(port)
    }

    /// Forgets what a predecessor knew of the node's own interfaces: cgroups, pods'
    /// addresses and ports.
    pub fn clear_shared(&mut self) -> Result<(), KernelError> {
        self.maps.clear_shared()?;
        self.update_control(|control| control.cgroup_levels = 0)
    }

    /// Flows of interfaces that are watched ([`interface_flags::WATCH`]).
    pub fn watched(&self) -> Result<Vec<(FlowKey, Sides)>, KernelError> {
        self.maps.watched()
    }

    /// Forgets them.
    pub fn clear_watched(&mut self) -> Result<(), KernelError> {
        self.maps.clear_watched()
    }

    /// Sets which packets the rules can say anything about.
    pub fn set_ports(&mut self, ports: &PortBitmap) -> Result<(), KernelError> {
        self.maps.set_ports(ports)
    }

    /// Starts a new ruleset: all bypasses of other epochs become void.
    pub fn set_epoch(&mut self, epoch: u32) -> Result<(), KernelError> {
        self.update_control(|control| control.epoch = epoch)
    }

    /// Bypasses flows. Those of another epoch than the current are left out. Returns how
    /// many were written.
    pub fn add_bypass(&mut self, flows: &[FlowKey]) -> Result<usize, KernelError> {
        let now = clock::monotonic_ns();
        let mut written = 0;
        for flow in flows.iter().filter(|flow| flow.epoch == self.control.epoch) {
            self.maps.add_bypass(flow, now)?;
            written += 1;
        }
        Ok(written)
    }

    /// Lets the programs hand over for `duration` from now.
    pub fn renew_lease(&mut self, duration: Duration) -> Result<(), KernelError> {
        let duration = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let until = clock::monotonic_ns().saturating_add(duration);
        self.update_control(|control| control.lease_until = until)
    }

    /// Makes the programs hand over nothing from now on.
    pub fn revoke_lease(&mut self) -> Result<(), KernelError> {
        self.update_control(|control| control.lease_until = 0)
    }

    /// Sets where clones go; `None`: nowhere.
    pub fn set_sink(&mut self, sink: Option<Sink>) -> Result<(), KernelError> {
        self.update_control(|control| {
            control.sink_ifindex = sink.map_or(0, |sink| sink.ifindex);
            control.sink_flags = sink.map_or(0, |sink| sink.flags);
        })
    }

    /// Seed of the flow hash, kept over restarts.
    pub fn hash_seed(&self) -> u32 {
        self.control.hash_seed
    }

    /// The current epoch.
    pub fn epoch(&self) -> u32 {
        self.control.epoch
    }

    /// The counters, summed over all CPUs. They go on over restarts.
    pub fn counters(&self) -> Result<Counters, KernelError> {
        self.maps.counters()
    }

    /// Runs the loaded program of a hook on a frame, as if it had come by the interface
    /// of index 1 of the caller's network namespace (`BPF_PROG_TEST_RUN`). Clones do go to
    /// the sink. For tests and measurements.
    pub fn test_run(
        &self,
        hook: Hook,
        options: TestRunOptions<'_>,
    ) -> Result<TestRunResult, KernelError> {
        self.programs.test_run(hook, options)
    }

    /// Passes on what the programs have logged, through the `log` crate. Nothing at level 0.
    pub fn flush_log(&mut self) {
        if let Some(log) = &mut self.log {
            log.flush();
        }
    }

    /// How programs are attached.
    pub fn mode(&self) -> AttachMode {
        self.programs.mode()
    }

    /// Detaches everything and removes every pin: nothing of the agent is left in the
    /// kernel once the value is dropped.
    pub fn unpin_all(mut self) -> Result<(), KernelError> {
        self.revoke_lease()?;
        for (ifindex, _) in self.maps.interfaces()? {
            self.detach(ifindex)?;
        }
        self.pins.clear()
    }

    fn update_control(&mut self, change: impl FnOnce(&mut Control)) -> Result<(), KernelError> {
        let mut control = self.control;
        change(&mut control);
        if control != self.control {
            self.maps.set_control(&control)?;
            self.control = control;
        }
        Ok(())
    }
}
