//! The maps: the only file of user space that names them.

use std::net::IpAddr;

use aya::{
    Ebpf, Pod,
    maps::{Array, HashMap, Map, MapData, MapError, PerCpuArray},
};
use dpi_common::{
    BoundPort, Bypass, Control, Counters, FlowKey, Interface, PodIp, PortBitmap, Sides, Slot, names,
};

use super::KernelError;

/// The typed maps, opened.
pub(super) struct Maps {
    control: Array<MapData, Control>,
    interfaces: HashMap<MapData, u32, Interface>,
    cgroups: HashMap<MapData, u64, u32>,
    pod_ips: HashMap<MapData, PodIp, u32>,
    bound: HashMap<MapData, BoundPort, u32>,
    watched: HashMap<MapData, FlowKey, Sides>,
    ports: Array<MapData, PortBitmap>,
    bypass: HashMap<MapData, FlowKey, Bypass>,
    counters: PerCpuArray<MapData, Counters>,
}

impl Maps {
    /// Takes the maps out of the loaded object. A pinned map of another shape is refused
    /// here.
    pub(super) fn take(ebpf: &mut Ebpf) -> Result<Maps, KernelError> {
        Ok(Maps {
            control: take(ebpf, names::CONTROL)?,
            interfaces: take(ebpf, names::INTERFACES)?,
            cgroups: take(ebpf, names::CGROUPS)?,
            pod_ips: take(ebpf, names::POD_IPS)?,
            bound: take(ebpf, names::BOUND)?,
            watched: take(ebpf, names::WATCHED)?,
            ports: take(ebpf, names::PORTS)?,
            bypass: take(ebpf, names::BYPASS)?,
            counters: take(ebpf, names::COUNTERS)?,
        })
    }

    pub(super) fn control(&self) -> Result<Control, KernelError> {
        self.control.get(&0, 0).map_err(failed(names::CONTROL))
    }

    pub(super) fn set_control(&mut self, control: &Control) -> Result<(), KernelError> {
        let set = self.control.set(0, *control, 0);
        set.map_err(failed(names::CONTROL))
    }

    pub(super) fn set_ports(&mut self, ports: &PortBitmap) -> Result<(), KernelError> {
        let set = self.ports.set(0, ports, 0);
        set.map_err(failed(names::PORTS))
    }

    pub(super) fn interfaces(&self) -> Result<Vec<(u32, Interface)>, KernelError> {
        let all: Result<_, MapError> = self.interfaces.iter().collect();
        all.map_err(failed(names::INTERFACES))
    }

    pub(super) fn interface(&self, ifindex: u32) -> Result<Option<Interface>, KernelError> {
        found(self.interfaces.get(&ifindex, 0)).map_err(failed(names::INTERFACES))
    }

    pub(super) fn set_interface(
        &mut self,
        ifindex: u32,
        interface: Interface,
    ) -> Result<(), KernelError> {
        let set = self.interfaces.insert(ifindex, interface, 0);
        set.map_err(failed(names::INTERFACES))
    }

    pub(super) fn remove_interface(&mut self, ifindex: u32) -> Result<(), KernelError> {
        removed(self.interfaces.remove(&ifindex)).map_err(failed(names::INTERFACES))
    }

    pub(super) fn set_cgroup(&mut self, id: u64, slot: Option<Slot>) -> Result<(), KernelError> {
        let set = self.cgroups.insert(id, slot.map_or(0, Slot::get), 0);
        set.map_err(failed(names::CGROUPS))
    }

    pub(super) fn remove_cgroup(&mut self, id: u64) -> Result<(), KernelError> {
        removed(self.cgroups.remove(&id)).map_err(failed(names::CGROUPS))
    }

    pub(super) fn has_cgroups(&self) -> bool {
        self.cgroups.keys().next().is_some()
    }

    pub(super) fn set_pod_ip(&mut self, ip: IpAddr, slot: Slot) -> Result<(), KernelError> {
        let set = self.pod_ips.insert(PodIp::from(ip), slot.get(), 0);
        set.map_err(failed(names::POD_IPS))
    }

    pub(super) fn remove_pod_ip(&mut self, ip: IpAddr) -> Result<(), KernelError> {
        removed(self.pod_ips.remove(&PodIp::from(ip))).map_err(failed(names::POD_IPS))
    }

    pub(super) fn set_bound(&mut self, port: BoundPort, slot: Slot) -> Result<(), KernelError> {
        let set = self.bound.insert(port, slot.get(), 0);
        set.map_err(failed(names::BOUND))
    }

    pub(super) fn remove_bound(&mut self, port: BoundPort) -> Result<(), KernelError> {
        removed(self.bound.remove(&port)).map_err(failed(names::BOUND))
    }

    /// Forgets cgroups, addresses and ports.
    pub(super) fn clear_shared(&mut self) -> Result<(), KernelError> {
        clear(&mut self.cgroups, names::CGROUPS)?;
        clear(&mut self.pod_ips, names::POD_IPS)?;
        clear(&mut self.bound, names::BOUND)
    }

    pub(super) fn watched(&self) -> Result<Vec<(FlowKey, Sides)>, KernelError> {
        let mut flows = Vec::new();
        for flow in &self.watched {
            match flow {
                Ok(flow) => flows.push(flow),
                // Another took its place meanwhile.
                Err(MapError::KeyNotFound) => {}
                Err(error) => return Err(failed(names::WATCHED)(error)),
            }
        }
        Ok(flows)
    }

    pub(super) fn clear_watched(&mut self) -> Result<(), KernelError> {
        clear(&mut self.watched, names::WATCHED)
    }

    pub(super) fn add_bypass(&mut self, flow: &FlowKey, now: u64) -> Result<(), KernelError> {
        let set = self.bypass.insert(flow, Bypass { last_seen: now }, 0);
        set.map_err(failed(names::BYPASS))
    }

    pub(super) fn counters(&self) -> Result<Counters, KernelError> {
        let by_cpu = self.counters.get(&0, 0).map_err(failed(names::COUNTERS))?;
        let mut sum = Counters::default();
        for counters in by_cpu.iter() {
            sum.merge(counters);
        }
        Ok(sum)
    }
}

impl std::fmt::Debug for Maps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Maps").finish_non_exhaustive()
    }
}

/// A map type that can be made of an untyped map.
trait Typed: TryFrom<Map, Error = MapError> {}
impl<V: Pod> Typed for Array<MapData, V> {}
impl<K: Pod, V: Pod> Typed for HashMap<MapData, K, V> {}
impl<V: Pod> Typed for PerCpuArray<MapData, V> {}

fn take<T: Typed>(ebpf: &mut Ebpf, name: &'static str) -> Result<T, KernelError> {
    let map = ebpf.take_map(name).ok_or(KernelError::Lacks { name })?;
    T::try_from(map).map_err(failed(name))
}

fn failed(name: &'static str) -> impl Fn(MapError) -> KernelError {
    move |source| KernelError::Map { name, source }
}

fn found<T>(result: Result<T, MapError>) -> Result<Option<T>, MapError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(MapError::KeyNotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn clear<K: Pod, V: Pod>(
    map: &mut HashMap<MapData, K, V>,
    name: &'static str,
) -> Result<(), KernelError> {
    let keys: Result<Vec<K>, MapError> = map.keys().collect();
    for key in keys.map_err(failed(name))? {
        removed(map.remove(&key)).map_err(failed(name))?;
    }
    Ok(())
}

/// What is not there need not be removed.
fn removed(result: Result<(), MapError>) -> Result<(), MapError> {
    match result {
        Err(MapError::KeyNotFound) => Ok(()),
        Err(MapError::SyscallError(error))
            if error.io_error.kind() == std::io::ErrorKind::NotFound =>
        {
            Ok(())
        }
        other => other,
    }
}
