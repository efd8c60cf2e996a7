//! A stand-in for network plugins that hand packets to pods past their interfaces
//! (`bpf_redirect_peer`): for tests alone, no part of the agent.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]

#[cfg(target_arch = "bpf")]
mod program {
    use aya_ebpf::{
        bindings::TC_ACT_UNSPEC,
        helpers::generated::bpf_redirect_peer,
        macros::{classifier, map},
        maps::HashMap,
        programs::TcContext,
    };

    /// IPv4 destination, as it stands in the packet, to the node's end of a pod's veth.
    #[map]
    static PODS: HashMap<u32, u32> = HashMap::with_max_entries(64, 0);

    const ETHERTYPE_OFFSET: usize = 12;
    const ETHERTYPE_IPV4: u16 = 0x0800;
    const DESTINATION_OFFSET: usize = 14 + 16;

    /// For the ingress of every interface by which packets for pods come in.
    #[classifier]
    pub(crate) fn redirect_peer(ctx: TcContext) -> i32 {
        redirect(&ctx).unwrap_or(TC_ACT_UNSPEC)
    }

    fn redirect(ctx: &TcContext) -> Option<i32> {
        let ethertype: u16 = ctx.load(ETHERTYPE_OFFSET).ok()?;
        if u16::from_be(ethertype) != ETHERTYPE_IPV4 {
            return None;
        }
        let destination: u32 = ctx.load(DESTINATION_OFFSET).ok()?;
        // SAFETY: the value is one aligned word.
        let ifindex = unsafe { PODS.get(destination) }?;
        // SAFETY: the helper has no preconditions.
        Some(unsafe { bpf_redirect_peer(*ifindex, 0) } as i32)
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
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
