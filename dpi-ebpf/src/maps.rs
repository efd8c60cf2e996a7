//! The maps. Names, keys, values and sizes are `dpi_common`'s; [`dpi_common::names`]
//! says what each is for.

use aya_ebpf::{
    macros::map,
    maps::{Array, HashMap, LruHashMap, PerCpuArray},
};
use dpi_common::{
    BoundPort, Bypass, Control, Counter, Counters, FlowKey, FlowTuple, FragKey, FragValue,
    Interface, Packet, PodIp, PortBitmap, Sides, names::capacity,
};

#[map]
pub(crate) static CONTROL: Array<Control> = Array::with_max_entries(1, 0);
#[map]
pub(crate) static INTERFACES: HashMap<u32, Interface> =
    HashMap::with_max_entries(capacity::INTERFACES, 0);
#[map]
pub(crate) static CGROUPS: HashMap<u64, u32> = HashMap::with_max_entries(capacity::CGROUPS, 0);
#[map]
pub(crate) static POD_IPS: HashMap<PodIp, u32> = HashMap::with_max_entries(capacity::POD_IPS, 0);
#[map]
pub(crate) static LEARNED: LruHashMap<FlowTuple, u32> =
    LruHashMap::with_max_entries(capacity::LEARNED, 0);
#[map]
pub(crate) static BOUND: HashMap<BoundPort, u32> = HashMap::with_max_entries(capacity::BOUND, 0);
#[map]
pub(crate) static WATCHED: LruHashMap<FlowKey, Sides> =
    LruHashMap::with_max_entries(capacity::WATCHED, 0);
#[map]
pub(crate) static PORTS: Array<PortBitmap> = Array::with_max_entries(1, 0);
#[map]
pub(crate) static BYPASS: LruHashMap<FlowKey, Bypass> =
    LruHashMap::with_max_entries(capacity::BYPASS, 0);
#[map]
pub(crate) static FRAGMENTS: LruHashMap<FragKey, FragValue> =
    LruHashMap::with_max_entries(capacity::FRAGMENTS, 0);
#[map]
pub(crate) static SCRATCH: PerCpuArray<Packet> = PerCpuArray::with_max_entries(1, 0);
#[map]
pub(crate) static COUNTERS: PerCpuArray<Counters> = PerCpuArray::with_max_entries(1, 0);

/// This CPU's counters. Looked up once a packet: each look-up is some ten instructions.
#[derive(Clone, Copy)]
pub(crate) struct Count(*mut Counters);

impl Count {
    /// `None` never comes: the map has its one element from the start.
    #[inline(always)]
    pub(crate) fn here() -> Option<Count> {
        COUNTERS.get_ptr_mut(0).map(Count)
    }

    /// Adds `n` to one of them.
    #[inline(always)]
    pub(crate) fn add(self, counter: Counter, n: u64) {
        // SAFETY: the map's value is `Counters`, and it is this CPU's own: classifiers
        // run with bottom halves off and do not nest on a device of ours, so nothing
        // else holds a reference to it meanwhile.
        unsafe { (*self.0).add(counter, n) }
    }
}
