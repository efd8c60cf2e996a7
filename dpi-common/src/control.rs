//! What the supervisor tells the programs as a whole.

/// The single value of the map [`names::CONTROL`](crate::names::CONTROL). All zero is
/// the safe state: no lease, no sink, nothing is handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Control {
    /// The lease: programs hand over until this time, nanoseconds of `CLOCK_MONOTONIC`.
    /// The supervisor renews it each second; without it orphaned programs cost next to
    /// nothing.
    pub lease_until: u64,
    /// Interface that clones are sent to; 0: none.
    pub sink_ifindex: u32,
    /// Flags of `bpf_clone_redirect`: 0 sends to the sink's egress, 1
    /// (`BPF_F_INGRESS`) to its ingress.
    pub sink_flags: u32,
    /// Number of the current ruleset, part of every bypass key.
    pub epoch: u32,
    /// Spreads flows over readers in a way that a sender cannot foresee.
    pub hash_seed: u32,
    /// Bit `n` is set if a selected cgroup is at level `n` of the tree.
    pub cgroup_levels: u32,
    /// Padding, always 0.
    pub zero: u32,
}

impl Control {
    /// Whether packets may be handed over at `now` (`CLOCK_MONOTONIC_COARSE`, which is
    /// never ahead of `CLOCK_MONOTONIC`).
    #[inline(always)]
    pub const fn has_lease(&self, now: u64) -> bool {
        now < self.lease_until
    }
}

const _: () = assert!(size_of::<Control>() == 32);
