//! A clone to the sink, with slot, direction and flow in its hash.

use aya_ebpf::helpers::generated as helpers;
use dpi_common::{Control, Counter, SkbHash};

use crate::{frame::Frame, maps::Count};

/// Sends a clone of the packet to the sink.
///
/// The hash is set on the packet itself, since the clone copies it, and is put back
/// afterwards: queue selection and tunnel source ports come from it. A packet that had
/// none has none again, so that the kernel computes it when it is asked for.
#[inline(always)]
pub(crate) fn hand_over(frame: &Frame<'_>, control: &Control, hash: SkbHash, count: Count) {
    let skb = frame.skb();
    let len = frame.len();
    let (ifindex, flags) = (control.sink_ifindex, u64::from(control.sink_flags));
    // SAFETY: the context is valid; none of these helpers touches the packet's bytes, and
    // no pointer into them is held across the calls.
    let result = unsafe {
        let before = (*skb).hash;
        helpers::bpf_set_hash(skb, hash.encode());
        let result = helpers::bpf_clone_redirect(skb, ifindex, flags);
        if before == 0 {
            helpers::bpf_set_hash_invalid(skb);
        } else {
            helpers::bpf_set_hash(skb, before);
        }
        result
    };
    // Positive results are the sink's verdict on a clone that has passed its taps: a tap
    // device that refuses everything says NET_XMIT_DROP.
    if result < 0 {
        count.add(Counter::DroppedClone, 1);
    } else {
        count.add(Counter::HandedOver, 1);
        count.add(Counter::HandedOverBytes, len);
    }
}
