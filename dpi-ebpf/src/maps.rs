//! The maps. Names, keys, values and sizes are `dpi_common`'s; [`dpi_common::names`]
//! says what each is for.

use aya_ebpf::{
    macros::map,
    maps::{Array, HashMap, LruHashMap, PerCpuArray},
};
use dpi_common::{
    Bypass, Control, Counter, Counters, FlowKey, FlowTuple, FragKey, FragValue, Interface, PodIp,
    PortBitmap, names::capacity,
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
pub(crate) static PORTS: Array<PortBitmap> = Array::with_max_entries(1, 0);
#[map]
pub(crate) static BYPASS: LruHashMap<FlowKey, Bypass> =
    LruHashMap::with_max_entries(capacity::BYPASS, 0);
#[map]
pub(crate) static FRAGMENTS: LruHashMap<FragKey, FragValue> =
    LruHashMap::with_max_entries(capacity::FRAGMENTS, 0);
#[map]
pub(crate) static COUNTERS: PerCpuArray<Counters> = PerCpuArray::with_max_entries(1, 0);

/// Adds to this CPU's counters.
#[inline(always)]
pub(crate) fn count(counter: Counter, n: u64) {
    if let Some(counters) = COUNTERS.get_ptr_mut(0) {
        // SAFETY: the map's value is `Counters`, and it is this CPU's own: classifiers
        // run with bottom halves off and do not nest on a device of ours, so nothing
        // else holds a reference to it meanwhile.
        unsafe { (*counters).add(counter, n) }
    }
}
