//! Entry points.

use aya_ebpf::{
    bindings::{TC_ACT_SHOT, TC_ACT_UNSPEC},
    macros::classifier,
    programs::TcContext,
};
use dpi_common::{Slot, select::interface_flags};

use crate::{
    frame::Frame,
    maps,
    prefilter::inspect,
    select::{self, Hook, OnInterface},
};

/// `TCX_NEXT` and `TC_ACT_UNSPEC` are the same number: the next program decides, with
/// none left the packet goes on.
const TCX_NEXT: i32 = TC_ACT_UNSPEC;

/// What arrives from an interface.
#[classifier]
pub(crate) fn dpi_ingress(ctx: TcContext) -> i32 {
    classify(&ctx, Hook::Ingress);
    TCX_NEXT
}

/// What leaves by an interface.
#[classifier]
pub(crate) fn dpi_egress(ctx: TcContext) -> i32 {
    classify(&ctx, Hook::Egress);
    TCX_NEXT
}

/// Ends the clones that arrive at the far end of a veth sink. It is attached to that
/// device alone, where no workload's packet ever comes.
#[classifier]
pub(crate) fn dpi_sink_drop(_ctx: TcContext) -> i32 {
    TC_ACT_SHOT
}

#[inline(always)]
fn classify(ctx: &TcContext, hook: Hook) {
    let frame = Frame::new(ctx);
    let Some(interface) = OnInterface::of(&frame) else {
        return;
    };
    if let Some(slot) = Slot::new_checked(interface.slot()) {
        inspect(&frame, slot, hook.on_workload_interface(), Some(interface));
    }
    if interface.has(interface_flags::SHARED) {
        classify_shared(&frame, interface, hook);
    }
}

/// An interface that packets of several workloads cross.
#[inline(always)]
fn classify_shared(frame: &Frame<'_>, interface: OnInterface, hook: Hook) {
    let Some(control) = maps::CONTROL.get(0) else {
        return;
    };
    // One call: the verifier walks each copy of what is inlined.
    if let Some(slot) = select::shared(frame, control, interface, hook) {
        inspect(frame, slot, hook.on_node_interface(), None);
    }
}

/// The verifier proves that nothing here panics; the language asks for a handler.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// What the kernel asks of programs that call GPL-only helpers.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
