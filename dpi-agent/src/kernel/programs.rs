//! Loading and attaching the programs.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
};

use aya::{
    Ebpf, EbpfLoader, TestRunOptions, TestRunResult,
    programs::{
        LinkOrder, ProgramError, SchedClassifier, TcAttachType, TestRun as _,
        links::{FdLink, LinkError},
        tc::{
            NlOptions, SchedClassifierLink, SchedClassifierLinkId, TcAttachOptions, TcHandle,
            qdisc_add_clsact,
        },
    },
    util::KernelVersion,
};
use dpi_common::{Interface, names, select::interface_flags};
use rustix::net::{AddressFamily, SocketType, netdevice, socket};

use super::{KernelError, log::ProgramLog, maps::Maps, pins::Pins};

/// How programs are attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachMode {
    /// TCX links (Linux 6.6): ordered among others' programs, pinned, replaced atomically.
    Tcx,
    /// The `clsact` queueing discipline: filters that stay when the agent dies, and are
    /// replaced in place by the next one.
    Clsact,
}

impl AttachMode {
    /// The best that this kernel has.
    pub(super) fn best() -> AttachMode {
        let tcx = KernelVersion::current().is_ok_and(|v| v >= KernelVersion::new(6, 6, 0));
        if tcx {
            AttachMode::Tcx
        } else {
            AttachMode::Clsact
        }
    }
}

/// Where a program is attached, and so which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hook {
    /// What arrives from the interface.
    Ingress,
    /// What leaves by it.
    Egress,
    /// What arrives at the far end of a veth sink.
    SinkDrop,
}

impl Hook {
    /// The hooks of a workload's interface.
    const BOTH: [Hook; 2] = [Hook::Ingress, Hook::Egress];

    /// The hooks that an interface needs: where only addresses of pods are looked for, what
    /// leaves is left alone.
    fn of(interface: Interface) -> &'static [Hook] {
        if interface.slot == 0 && interface.flags == interface_flags::POD_IP {
            &[Hook::Ingress]
        } else {
            &Hook::BOTH
        }
    }

    const ALL: [Hook; 3] = [Hook::Ingress, Hook::Egress, Hook::SinkDrop];

    /// In names of pins.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Hook::Ingress => "ingress",
            Hook::Egress => "egress",
            Hook::SinkDrop => "sink",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Hook> {
        Hook::ALL.into_iter().find(|hook| hook.name() == name)
    }

    /// The program for it.
    pub const fn program(self) -> &'static str {
        match self {
            Hook::Ingress => names::INGRESS,
            Hook::Egress => names::EGRESS,
            Hook::SinkDrop => names::SINK_DROP,
        }
    }

    const fn attach_type(self) -> TcAttachType {
        match self {
            Hook::Ingress | Hook::SinkDrop => TcAttachType::Ingress,
            Hook::Egress => TcAttachType::Egress,
        }
    }
}

/// Priority and handle of our filters under `clsact`: fixed, so that the next agent
/// finds them. 1 is the first to run.
const CLSACT_PRIORITY: u16 = 1;
const CLSACT_HANDLE: TcHandle = TcHandle::new(0, 0xd91);

/// The loaded programs and, under `clsact`, what is attached.
#[derive(Debug)]
pub(super) struct Programs {
    ebpf: Ebpf,
    mode: AttachMode,
    filters: HashMap<(u32, Hook), SchedClassifierLink>,
}

/// Makes or opens the pinned maps and loads the programs.
pub(super) fn load(
    object: &[u8],
    pins: &Pins,
    log_level: u8,
) -> Result<(Maps, Ebpf, Option<ProgramLog>), KernelError> {
    let mut loader = EbpfLoader::new();
    loader.override_global("AYA_LOG_LEVEL", &log_level, true);
    for name in names::MAPS {
        loader.map_pin_path(name, pins.map(name));
    }
    let mut ebpf = loader.load(object).map_err(KernelError::of_load)?;
    let maps = Maps::take(&mut ebpf)?;
    let log = ProgramLog::take(&mut ebpf, log_level);
    for hook in Hook::ALL {
        let name = hook.program();
        let load = program(&mut ebpf, name)?.load();
        load.map_err(|error| KernelError::of_program(name, error))?;
    }
    Ok((maps, ebpf, log))
}

fn program<'a>(
    ebpf: &'a mut Ebpf,
    name: &'static str,
) -> Result<&'a mut SchedClassifier, KernelError> {
    let program = ebpf.program_mut(name).ok_or(KernelError::Lacks { name })?;
    program
        .try_into()
        .map_err(|source| KernelError::Program { name, source })
}

impl Programs {
    pub(super) fn new(ebpf: Ebpf, mode: AttachMode) -> Programs {
        Programs {
            ebpf,
            mode,
            filters: HashMap::new(),
        }
    }

    /// Runs a hook's program on a frame.
    pub(super) fn test_run(
        &self,
        hook: Hook,
        options: TestRunOptions<'_>,
    ) -> Result<TestRunResult, KernelError> {
        let name = hook.program();
        let failed = |source| KernelError::Program { name, source };
        let program = self.ebpf.program(name).ok_or(KernelError::Lacks { name })?;
        let program: &SchedClassifier = program.try_into().map_err(failed)?;
        program.test_run(options).map_err(failed)
    }

    pub(super) fn mode(&self) -> AttachMode {
        self.mode
    }

    /// Puts our programs in the place of a predecessor's. Returns the interfaces where
    /// both are attached.
    pub(super) fn adopt(
        &mut self,
        pins: &Pins,
        interfaces: &[(u32, Interface)],
    ) -> Result<BTreeSet<u32>, KernelError> {
        for (ifindex, hook) in pins.pinned_links()? {
            // The sink is made anew by every agent.
            if hook == Hook::SinkDrop || !self.update_pinned(pins, ifindex, hook)? {
                pins.unpin_link(ifindex, hook)?;
            }
        }
        let mut alive = BTreeSet::new();
        for &(ifindex, interface) in interfaces {
            let attached = match self.mode {
                AttachMode::Tcx => Hook::of(interface)
                    .iter()
                    .all(|hook| pins.open_link(ifindex, *hook).is_some()),
                AttachMode::Clsact => self.adopt_filters(pins, ifindex, interface),
            };
            if attached {
                alive.insert(ifindex);
            }
        }
        Ok(alive)
    }

    fn adopt_filters(&mut self, pins: &Pins, ifindex: u32, interface: Interface) -> bool {
        let Some(name) = interface_name(ifindex) else {
            return false;
        };
        self.attach(pins, ifindex, &name, interface).is_ok()
    }

    /// Attaches the programs that `interface` needs, or replaces ours that are there.
    pub(super) fn attach(
        &mut self,
        pins: &Pins,
        ifindex: u32,
        name: &str,
        interface: Interface,
    ) -> Result<(), KernelError> {
        check_interface(ifindex, name)?;
        let needed = Hook::of(interface);
        for hook in Hook::BOTH {
            if needed.contains(&hook) {
                self.attach_hook(pins, ifindex, name, hook)?;
            } else {
                self.detach_hook(pins, ifindex, hook)?;
            }
        }
        Ok(())
    }

    pub(super) fn attach_sink_drop(
        &mut self,
        pins: &Pins,
        ifindex: u32,
        name: &str,
    ) -> Result<(), KernelError> {
        check_interface(ifindex, name)?;
        self.attach_hook(pins, ifindex, name, Hook::SinkDrop)
    }

    fn attach_hook(
        &mut self,
        pins: &Pins,
        ifindex: u32,
        name: &str,
        hook: Hook,
    ) -> Result<(), KernelError> {
        match self.mode {
            AttachMode::Tcx => self.attach_tcx(pins, ifindex, name, hook),
            AttachMode::Clsact => self.attach_clsact(ifindex, name, hook),
        }
    }

    fn attach_tcx(
        &mut self,
        pins: &Pins,
        ifindex: u32,
        name: &str,
        hook: Hook,
    ) -> Result<(), KernelError> {
        if self.update_pinned(pins, ifindex, hook)? {
            return Ok(());
        }
        // A pin whose interface went away, or one of an interface that had this index.
        pins.unpin_link(ifindex, hook)?;
        let program = program(&mut self.ebpf, hook.program())?;
        // First in line: a program of another owner may end the packet's way.
        let options = TcAttachOptions::TcxOrder(LinkOrder::first());
        let link = program
            .attach_with_options(name, hook.attach_type(), options)
            .and_then(|id| take_fd(program, id))
            .map_err(|source| attach_error(ifindex, name, hook, source))?;
        pins.pin_link(link, ifindex, hook)
    }

    /// Replaces the program of a pinned link in one step; `false` if there is no link, or
    /// none that is attached to anything.
    fn update_pinned(
        &mut self,
        pins: &Pins,
        ifindex: u32,
        hook: Hook,
    ) -> Result<bool, KernelError> {
        let Some(link) = pins.open_link(ifindex, hook) else {
            return Ok(false);
        };
        let Ok(link) = SchedClassifierLink::try_from(link) else {
            return Ok(false);
        };
        let program = program(&mut self.ebpf, hook.program())?;
        // `bpf_link_update` says ENOLINK if the interface is gone. Dropping the descriptor
        // leaves the link to its pin.
        let updated = program
            .attach_to_link(link)
            .and_then(|id| take_fd(program, id));
        Ok(updated.is_ok())
    }

    fn attach_clsact(&mut self, ifindex: u32, name: &str, hook: Hook) -> Result<(), KernelError> {
        if self.filters.contains_key(&(ifindex, hook)) {
            return Ok(());
        }
        // There already in most cases; if it could not be added, attaching says so.
        let _ = qdisc_add_clsact(name);
        let failed = |source| attach_error(ifindex, name, hook, source);
        let program = program(&mut self.ebpf, hook.program())?;
        let options = TcAttachOptions::Netlink(NlOptions {
            priority: CLSACT_PRIORITY,
            handle: CLSACT_HANDLE,
            classid: None,
        });
        let attached = program.attach_with_options(name, hook.attach_type(), options);
        let id = if let Ok(id) = attached {
            id
        } else {
            // Ours of before: replaced in place.
            let link = SchedClassifierLink::attached(
                name,
                hook.attach_type(),
                CLSACT_PRIORITY,
                CLSACT_HANDLE,
                None,
            )
            .map_err(|error| failed(ProgramError::IOError(error)))?;
            program.attach_to_link(link).map_err(failed)?
        };
        let link = program.take_link(id).map_err(failed)?;
        self.filters.insert((ifindex, hook), link);
        Ok(())
    }

    /// Detaches both programs; what is not there is no error.
    pub(super) fn detach(&mut self, pins: &Pins, ifindex: u32) -> Result<(), KernelError> {
        let mut hooks = Hook::BOTH.into_iter();
        hooks.try_for_each(|hook| self.detach_hook(pins, ifindex, hook))
    }

    fn detach_hook(&mut self, pins: &Pins, ifindex: u32, hook: Hook) -> Result<(), KernelError> {
        pins.unpin_link(ifindex, hook)?;
        // Dropping the link removes the filter; the qdisc may serve others and stays.
        self.filters.remove(&(ifindex, hook));
        Ok(())
    }
}

fn take_fd(
    program: &mut SchedClassifier,
    id: SchedClassifierLinkId,
) -> Result<FdLink, ProgramError> {
    let link = program.take_link(id)?;
    link.try_into().map_err(|error| match error {
        LinkError::SyscallError(error) => ProgramError::SyscallError(error),
        _ => ProgramError::NotAttached,
    })
}

fn attach_error(ifindex: u32, name: &str, hook: Hook, source: ProgramError) -> KernelError {
    KernelError::Attach {
        program: hook.program(),
        interface: name.to_owned(),
        ifindex,
        source,
    }
}

/// That `name` still means `ifindex`, and has an Ethernet header.
fn check_interface(ifindex: u32, name: &str) -> Result<(), KernelError> {
    let gone = || KernelError::NoInterface {
        interface: name.to_owned(),
        ifindex,
    };
    let socket = any_socket().ok_or_else(gone)?;
    match netdevice::name_to_index(&socket, name) {
        Ok(found) if found == ifindex => {}
        _ => return Err(gone()),
    }
    match hardware_type(name) {
        // ARPHRD_ETHER and ARPHRD_LOOPBACK; unknown where sysfs is of another namespace.
        None | Some(1 | 772) => Ok(()),
        Some(hardware_type) => Err(KernelError::NotEthernet {
            interface: name.to_owned(),
            hardware_type,
        }),
    }
}

fn interface_name(ifindex: u32) -> Option<String> {
    netdevice::index_to_name(any_socket()?, ifindex).ok()
}

fn any_socket() -> Option<rustix::fd::OwnedFd> {
    socket(AddressFamily::INET, SocketType::DGRAM, None).ok()
}

fn hardware_type(name: &str) -> Option<u32> {
    let text = fs::read_to_string(format!("/sys/class/net/{name}/type")).ok()?;
    text.trim().parse().ok()
}
