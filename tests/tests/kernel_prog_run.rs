//! The loaded programs, run on frames by `BPF_PROG_TEST_RUN`: what is passed by, what is
//! handed over, what is counted. Whatever happens, the packet goes on unchanged.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aya::TestRunOptions;
use dpi_agent::kernel::{Hook, Sink};
use dpi_common::{
    Counter::{self, *},
    Counters, FlowKey, FlowTuple, PortBitmap, Slot,
    counters::Class,
    packet::tcp_flags::{ACK, FIN, RST, SYN},
    ports::{PortSide, flags},
};
use dpi_tests::{
    kernel_fixture::{TestKernel, skipped},
    kernel_frames::*,
    netns::Netns,
};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// `BPF_PROG_TEST_RUN` takes frames as received by the loopback interface.
const LOOPBACK: u32 = 1;
/// `TCX_NEXT` as an unsigned number.
const TCX_NEXT: u32 = u32::MAX;

fn slot(number: u32) -> Slot {
    Slot::new_checked(number).unwrap()
}

/// Runs `test` in a namespace with a sink, slot 7 on the loopback interface, and rules
/// for TCP to port 80, TCP from port 8080, UDP to port 53, ICMP and tunnels.
fn with_kernel(test: impl FnOnce(&mut TestKernel) -> Result<()> + Send) -> Result<()> {
    // First of all, since it tells whether namespaces can be made.
    let Some(mut kernel) = TestKernel::open()? else {
        return Ok(());
    };
    let netns = Netns::new()?;
    netns.ip("link add sink0 type veth peer name sink1")?;
    netns.ip("link set sink0 up")?;
    netns.ip("link set sink1 up")?;
    let sink = netns.ifindex("sink0")?;
    netns.run(|| {
        kernel.attach(LOOPBACK, "lo", slot(7))?;
        kernel.hand_over_to(sink)?;
        let mut ports = Box::new(PortBitmap::NOTHING);
        ports.want_tcp(PortSide::Destination, 80);
        ports.want_tcp(PortSide::Source, 8080);
        ports.want_udp(PortSide::Destination, 53);
        ports.want(flags::ICMP | flags::TUNNEL);
        kernel.set_ports(&ports)?;
        test(&mut kernel)
    })
}

/// Runs a frame through both hooks, checks that it goes on unchanged, and returns what
/// was counted for each of the two.
fn run(kernel: &TestKernel, frame: &[u8], linear: Option<u32>) -> Result<Counters> {
    let mut counted = None;
    for hook in [Hook::Ingress, Hook::Egress] {
        let before = kernel.counters()?;
        let mut out = vec![0; frame.len() + 64];
        let context = linear.map(nonlinear_context);
        let result = kernel.test_run(
            hook,
            TestRunOptions {
                data_in: Some(frame),
                data_out: Some(&mut out),
                ctx_in: context.as_deref(),
                ..TestRunOptions::default()
            },
        )?;
        ensure!(
            result.return_value == TCX_NEXT,
            "returned {}",
            result.return_value
        );
        let len = usize::try_from(result.data_size_out)?;
        ensure!(out.get(..len) == Some(frame), "the packet was changed");
        let difference = kernel.counters()?.since(&before);
        ensure!(difference.is_balanced(), "{}", show(&difference));
        ensure!(
            counted.is_none_or(|other| other == difference) || linear.is_none(),
            "the hooks disagree"
        );
        counted = Some(difference);
    }
    counted.context("no hook ran")
}

/// A `__sk_buff` that asks for only `linear` bytes in the linear part (Linux 6.19): the
/// test runner reads it from `data_end`.
fn nonlinear_context(linear: u32) -> Vec<u8> {
    const DATA_END: usize = 80;
    let mut context = vec![0; DATA_END + 4];
    context[DATA_END..].copy_from_slice(&linear.to_ne_bytes());
    context
}

fn show(counters: &Counters) -> String {
    let set = Counter::ALL.into_iter().filter(|c| counters.get(*c) > 0);
    let shown: Vec<_> = set
        .map(|c| format!("{}={}", c.label(), counters.get(c)))
        .collect();
    shown.join(" ")
}

/// Exactly the outcome and the notes.
fn check(name: &str, counted: &Counters, outcome: Counter, notes: &[Counter]) {
    for counter in Counter::ALL {
        let want = match counter.class() {
            Class::Bytes => continue,
            Class::Seen => 1,
            _ => u64::from(counter == outcome || notes.contains(&counter)),
        };
        let label = counter.label();
        assert_eq!(
            counted.get(counter),
            want,
            "{name}: {label}; {}",
            show(counted)
        );
    }
}

type Row = (&'static str, Vec<u8>, Counter, &'static [Counter]);

fn v4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    Ipv4::default().frame(protocol, payload)
}

fn v4_options(words: usize, payload: &[u8]) -> Vec<u8> {
    let ip = Ipv4 {
        options: vec![1; words * 4],
        ..Ipv4::default()
    };
    ip.frame(6, payload)
}

fn v4_part(place: u16, more: bool, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let ip = Ipv4 {
        place,
        more,
        ..Ipv4::default()
    };
    ip.frame(protocol, payload)
}

/// A frame cut to `len` bytes.
fn cut(mut frame: Vec<u8>, len: usize) -> Vec<u8> {
    frame.truncate(len);
    frame
}

/// A frame with one byte changed.
fn with(mut frame: Vec<u8>, at: usize, byte: u8) -> Vec<u8> {
    frame[at] = byte;
    frame
}

/// TCP behind `count` destination options headers.
fn chain(count: usize, payload: Vec<u8>) -> Vec<u8> {
    let mut payload = payload;
    let mut next = 6;
    for _ in 0..count {
        payload = extension(next, 1, &payload);
        next = 60;
    }
    ipv6_frame(next, &payload)
}

#[rustfmt::skip]
fn table() -> Vec<Row> {
    let web = || tcp(40000, 80, ACK, b"GET / HTTP/1.1\r\n");
    let other = || tcp(40000, 81, ACK, b"x");
    let dns = || udp(40000, 53, b"query");
    // The test runner refuses frames that say they are IP and are too short for it, but does
    // not look behind a tag.
    let tag = |frame: Vec<u8>| tagged(0x8100, 5, &frame);
    vec![
        // IPv4
        ("TCP to a wanted port", v4(6, &web()), HandedOver, &[]),
        ("TCP to another", v4(6, &other()), BypassedNoRule, &[]),
        ("TCP from the wanted port", v4(6, &tcp(80, 40000, ACK, b"")), BypassedNoRule, &[]),
        ("TCP from a wanted source", v4(6, &tcp(8080, 9, ACK, b"")), HandedOver, &[]),
        ("TCP to that source", v4(6, &tcp(9, 8080, ACK, b"")), BypassedNoRule, &[]),
        ("TCP port 0", v4(6, &tcp(0, 0, ACK, b"")), BypassedNoRule, &[]),
        ("TCP port 65535", v4(6, &tcp(65535, 65535, ACK, b"")), BypassedNoRule, &[]),
        ("a port 64 above", v4(6, &tcp(1, 144, ACK, b"")), BypassedNoRule, &[]),
        ("a port 16 below", v4(6, &tcp(1, 64, ACK, b"")), BypassedNoRule, &[]),
        ("SYN to a wanted port", v4(6, &tcp(1, 80, SYN, b"")), HandedOver, &[]),
        ("SYN to another", v4(6, &tcp(1, 81, SYN, b"")), BypassedNoRule, &[]),
        ("TCP without flags", v4(6, &tcp(1, 80, 0, b"")), HandedOver, &[]),
        ("TCP with all flags", v4(6, &tcp(1, 80, 0xff, b"")), HandedOver, &[]),
        ("UDP to a wanted port", v4(17, &dns()), HandedOver, &[]),
        ("UDP to TCP's port", v4(17, &udp(1, 80, b"")), BypassedNoRule, &[]),
        ("TCP to UDP's port", v4(6, &tcp(1, 53, ACK, b"")), BypassedNoRule, &[]),
        ("UDP from the wanted port", v4(17, &udp(53, 1, b"")), BypassedNoRule, &[]),
        ("ICMP echo", v4(1, &[8, 0, 0, 0, 0, 1, 0, 1]), HandedOver, &[]),
        ("ICMP of one byte", v4(1, &[8]), HandedOver, &[]),
        ("SCTP", v4(132, &tcp(1, 80, 0, b"")), BypassedNoRule, &[]),
        ("IGMP", v4(2, &[0x16; 8]), BypassedNoRule, &[]),
        ("ESP", v4(50, &[0; 16]), BypassedNoRule, &[]),
        ("protocol 255", v4(255, &[]), BypassedNoRule, &[]),
        ("IP in IP", v4(4, &Ipv4::default().packet(6, &other())), HandedOver, &[]),
        ("6in4", v4(41, &ipv6(6, &other())), HandedOver, &[]),
        ("GRE", v4(47, &[0, 0, 8, 0]), HandedOver, &[]),
        ("VXLAN", v4(17, &udp(1, 4789, &[8, 0, 0, 0, 0, 0, 1, 0])), HandedOver, &[]),
        ("Geneve", v4(17, &udp(1, 6081, &[0; 8])), HandedOver, &[]),
        ("Linux's VXLAN port", v4(17, &udp(1, 8472, &[0; 8])), HandedOver, &[]),
        ("from VXLAN's port alone", v4(17, &udp(4789, 1, &[])), BypassedNoRule, &[]),
        // IPv4 options and lengths
        ("one word of options", v4_options(1, &web()), HandedOver, &[]),
        ("ten words of options", v4_options(10, &web()), HandedOver, &[]),
        ("options, another port", v4_options(10, &other()), BypassedNoRule, &[]),
        ("header length 4", with(v4(6, &web()), 14, 0x44), HandedOver, &[BadIpHeader]),
        ("header length 0", with(v4(6, &web()), 14, 0x40), HandedOver, &[BadIpHeader]),
        ("version 5", with(v4(6, &web()), 14, 0x55), HandedOver, &[BadIpHeader]),
        ("version 6 in IPv4", with(v4(6, &web()), 14, 0x65), HandedOver, &[BadIpHeader]),
        ("19 bytes of header", cut(tag(v4(6, &web())), 37), HandedOver, &[Truncated]),
        ("no transport header", cut(v4(6, &web()), 34), HandedOver, &[CutTransport]),
        ("3 bytes of TCP", cut(v4(6, &web()), 37), HandedOver, &[CutTransport]),
        ("ports, no flags", cut(v4(6, &web()), 47), HandedOver, &[CutTransport]),
        ("up to the flags", cut(v4(6, &web()), 48), HandedOver, &[]),
        ("up to the flags, unwanted", cut(v4(6, &other()), 48), BypassedNoRule, &[]),
        ("3 bytes of UDP", cut(v4(17, &dns()), 37), HandedOver, &[CutTransport]),
        ("4 bytes of UDP", cut(v4(17, &dns()), 38), HandedOver, &[]),
        ("options beyond the end", cut(v4_options(10, &web()), 40), HandedOver, &[CutTransport]),
        // IPv4 fragments
        ("first fragment", v4_part(0, true, 17, &dns()), HandedOver, &[Fragment]),
        ("later fragment", v4_part(185, true, 17, b"rest"), HandedOver, &[Fragment]),
        ("last fragment", v4_part(370, false, 17, b"rest"), HandedOver, &[Fragment]),
        ("fragment of an unwanted", v4_part(0, true, 6, &other()), HandedOver, &[Fragment]),
        ("tiny first fragment", v4_part(0, true, 6, &[0; 8]), HandedOver, &[Fragment]),
        ("fragment of IGMP", v4_part(0, true, 2, &[0; 8]), HandedOver, &[Fragment]),
        // IPv6
        ("TCP over IPv6", ipv6_frame(6, &web()), HandedOver, &[]),
        ("another port over IPv6", ipv6_frame(6, &other()), BypassedNoRule, &[]),
        ("UDP over IPv6", ipv6_frame(17, &dns()), HandedOver, &[]),
        ("ICMPv6", ipv6_frame(58, &[128, 0, 0, 0]), HandedOver, &[]),
        ("no next header", ipv6_frame(59, &[]), BypassedNoRule, &[]),
        ("version 4 in IPv6", with(ipv6_frame(6, &web()), 14, 0x40), HandedOver, &[BadIpHeader]),
        ("39 bytes of header", cut(tag(ipv6_frame(6, &web())), 57), HandedOver, &[Truncated]),
        ("7 bytes of header", cut(tag(ipv6_frame(6, &web())), 25), HandedOver, &[Truncated]),
        ("IPv6 without transport", cut(ipv6_frame(6, &web()), 54), HandedOver, &[CutTransport]),
        ("hop-by-hop", ipv6_frame(0, &extension(6, 1, &web())), HandedOver, &[]),
        ("hop-by-hop, unwanted", ipv6_frame(0, &extension(6, 1, &other())), BypassedNoRule, &[]),
        ("routing", ipv6_frame(43, &extension(6, 3, &web())), HandedOver, &[]),
        ("long options", ipv6_frame(60, &extension(6, 100, &web())), HandedOver, &[]),
        ("AH", ipv6_frame(51, &authentication(6, &web())), HandedOver, &[]),
        ("AH, unwanted", ipv6_frame(51, &authentication(6, &other())), BypassedNoRule, &[]),
        ("11 extension headers", chain(11, web()), HandedOver, &[]),
        ("11, unwanted", chain(11, other()), BypassedNoRule, &[]),
        ("12 extension headers", chain(12, other()), HandedOver, &[TooDeep]),
        ("40 extension headers", chain(40, other()), HandedOver, &[TooDeep]),
        ("extension cut", cut(ipv6_frame(60, &extension(6, 1, &[])), 55), HandedOver, &[Truncated]),
        ("extension too long", ipv6_frame(60, &[60, 255, 0, 0, 0, 0, 0, 0]), HandedOver, &[Truncated]),
        ("first IPv6 fragment", ipv6_frame(44, &fragment6(17, 0, true, 9, &dns())), HandedOver, &[Fragment]),
        ("later IPv6 fragment", ipv6_frame(44, &fragment6(17, 5, false, 9, b"r")), HandedOver, &[Fragment]),
        ("unwanted IPv6 fragment", ipv6_frame(44, &fragment6(6, 0, true, 9, &other())), HandedOver, &[Fragment]),
        ("atomic fragment", ipv6_frame(44, &fragment6(6, 0, false, 9, &web())), HandedOver, &[]),
        ("atomic, unwanted", ipv6_frame(44, &fragment6(6, 0, false, 9, &other())), BypassedNoRule, &[]),
        ("fragment header cut", cut(ipv6_frame(44, &fragment6(6, 0, true, 9, &[])), 60), HandedOver, &[Truncated]),
        // Tags and other EtherTypes
        ("VLAN", tagged(0x8100, 5, &v4(6, &web())), HandedOver, &[]),
        ("VLAN, unwanted", tagged(0x8100, 5, &v4(6, &other())), BypassedNoRule, &[]),
        ("VLAN and IPv6", tagged(0x8100, 5, &ipv6_frame(6, &web())), HandedOver, &[]),
        ("QinQ", tagged(0x88a8, 6, &tagged(0x8100, 5, &v4(6, &web()))), HandedOver, &[]),
        ("QinQ, unwanted", tagged(0x88a8, 6, &tagged(0x8100, 5, &v4(6, &other()))), BypassedNoRule, &[]),
        ("old QinQ", tagged(0x9100, 6, &tagged(0x8100, 5, &v4(6, &other()))), BypassedNoRule, &[]),
        ("four tags", (0..4).fold(v4(6, &other()), |frame, vid| tagged(0x8100, vid, &frame)), HandedOver, &[TooDeep]),
        ("tag, then the end", cut(tagged(0x8100, 5, &v4(6, &web())), 17), HandedOver, &[Truncated]),
        ("ARP", ethernet(0x0806, &[0; 28]), HandedOver, &[NotIp]),
        ("MPLS", ethernet(0x8847, &[0; 24]), HandedOver, &[NotIp]),
        ("PPPoE", ethernet(0x8864, &[0; 24]), HandedOver, &[NotIp]),
        ("802.3 with LLC", ethernet(0x0026, &[0x42; 38]), HandedOver, &[NotIp]),
        ("EtherType 0", ethernet(0, &[0; 46]), HandedOver, &[NotIp]),
        ("IPv4 of one byte", tag(ethernet(0x0800, &[0x45])), HandedOver, &[Truncated]),
    ]
}

#[test]
fn frames() -> Result<()> {
    let table = table();
    assert!(table.len() >= 60);
    with_kernel(|kernel| {
        for (name, frame, outcome, notes) in &table {
            let counted = run(kernel, frame, None).with_context(|| (*name).to_owned())?;
            check(name, &counted, *outcome, notes);
            let len = u64::try_from(frame.len())?;
            assert_eq!(counted.get(SeenBytes), len, "{name}");
        }
        Ok(())
    })
}

#[test]
fn frames_with_only_a_link_header_in_the_linear_part() -> Result<()> {
    with_kernel(|kernel| {
        for (name, frame, outcome, notes) in &table() {
            let counted = match run(kernel, frame, Some(14)) {
                Ok(counted) => counted,
                Err(error) => {
                    skipped(&format!(
                        "this kernel's test runner makes linear packets only: {error:#}"
                    ));
                    return Ok(());
                }
            };
            check(name, &counted, *outcome, notes);
        }
        Ok(())
    })
}

fn web_flow(kernel: &TestKernel, number: u32) -> FlowKey {
    let (client, server) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
    FlowKey {
        tuple: FlowTuple::from_ends(6, (client, 40000), (server, 80)).unwrap(),
        slot: number,
        epoch: kernel.epoch(),
    }
}

#[test]
fn a_bypassed_flow_passes_by_until_its_end() -> Result<()> {
    let data = v4(6, &tcp(40000, 80, ACK, b"more"));
    let back = Ipv4 {
        src: [10, 0, 0, 2],
        dst: [10, 0, 0, 1],
        ..Ipv4::default()
    };
    let back = |flags| back.frame(6, &tcp(80, 40000, flags, b"more"));
    with_kernel(|kernel| {
        kernel.set_ports(&PortBitmap::EVERYTHING)?;
        for (name, edge) in [
            ("SYN", v4(6, &tcp(40000, 80, SYN, b""))),
            ("FIN", v4(6, &tcp(40000, 80, FIN | ACK, b""))),
            ("RST", v4(6, &tcp(40000, 80, RST, b""))),
            ("SYN ACK of the peer", back(SYN | ACK)),
            ("RST of the peer", back(RST)),
        ] {
            let flow = web_flow(kernel, 7);
            assert_eq!(kernel.add_bypass(&[flow])?, 1);
            check(name, &run(kernel, &data, None)?, BypassedFlow, &[]);
            check(name, &run(kernel, &back(ACK), None)?, BypassedFlow, &[]);
            let before = kernel.counters()?;
            let _ = run(kernel, &edge, None)?;
            // `run` goes through two hooks: the first of them deletes the entry.
            let both = kernel.counters()?.since(&before);
            assert_eq!(both.get(HandedOver), 2, "{name}");
            assert_eq!(both.get(BypassDeleted), 1, "{name}");
            check(name, &run(kernel, &data, None)?, HandedOver, &[]);
        }
        Ok(())
    })
}

#[test]
fn a_bypass_speaks_for_its_own_flow_alone() -> Result<()> {
    let tag = |frame: &[u8]| tagged(0x8100, 5, frame);
    with_kernel(|kernel| {
        kernel.set_ports(&PortBitmap::EVERYTHING)?;
        let flow = web_flow(kernel, 7);
        kernel.add_bypass(&[flow])?;
        let data = v4(6, &tcp(40000, 80, ACK, b"x"));
        for (name, frame, outcome) in [
            ("the flow", data.clone(), BypassedFlow),
            (
                "with options",
                v4_options(2, &tcp(40000, 80, ACK, b"x")),
                BypassedFlow,
            ),
            (
                "another client port",
                v4(6, &tcp(40001, 80, ACK, b"x")),
                HandedOver,
            ),
            (
                "another server port",
                v4(6, &tcp(40000, 81, ACK, b"x")),
                HandedOver,
            ),
            (
                "ports swapped",
                v4(6, &tcp(80, 40000, ACK, b"x")),
                HandedOver,
            ),
            ("UDP", v4(17, &udp(40000, 80, b"x")), HandedOver),
            ("a tag", tag(&data), HandedOver),
        ] {
            check(name, &run(kernel, &frame, None)?, outcome, &[]);
        }
        let fragment = v4_part(0, true, 6, &tcp(40000, 80, ACK, b"x"));
        check(
            "fragment",
            &run(kernel, &fragment, None)?,
            HandedOver,
            &[Fragment],
        );
        kernel.attach(LOOPBACK, "lo", slot(8))?;
        check("another slot", &run(kernel, &data, None)?, HandedOver, &[]);
        kernel.attach(LOOPBACK, "lo", slot(7))?;
        check("the slot", &run(kernel, &data, None)?, BypassedFlow, &[]);
        kernel.set_epoch(1)?;
        check("a new ruleset", &run(kernel, &data, None)?, HandedOver, &[]);
        assert_eq!(kernel.add_bypass(&[flow])?, 0, "an old verdict came late");
        check(
            "a late verdict",
            &run(kernel, &data, None)?,
            HandedOver,
            &[],
        );
        Ok(())
    })
}

/// The programs read the clock as of its last tick: until that has come to now, what has just
/// run out has not. One tick need not be enough: a late one brings the clock to where it was due.
fn wait_for_a_tick() {
    let now = clock_gettime(ClockId::Monotonic);
    let past = |time: Timespec| (time.tv_sec, time.tv_nsec) > (now.tv_sec, now.tv_nsec);
    while !past(clock_gettime(ClockId::MonotonicCoarse)) {
        std::hint::spin_loop();
    }
}

#[test]
fn nothing_is_handed_over_without_lease_or_sink() -> Result<()> {
    let frame = v4(6, &tcp(40000, 80, ACK, b"x"));
    with_kernel(|kernel| {
        check("as set up", &run(kernel, &frame, None)?, HandedOver, &[]);
        kernel.renew_lease(Duration::ZERO)?;
        wait_for_a_tick();
        check(
            "lease run out",
            &run(kernel, &frame, None)?,
            DroppedNoAgent,
            &[],
        );
        kernel.renew_lease(Duration::from_secs(60))?;
        check("renewed", &run(kernel, &frame, None)?, HandedOver, &[]);
        kernel.revoke_lease()?;
        check("revoked", &run(kernel, &frame, None)?, DroppedNoAgent, &[]);
        kernel.renew_lease(Duration::from_secs(60))?;
        kernel.set_sink(None)?;
        check("no sink", &run(kernel, &frame, None)?, DroppedNoSink, &[]);
        kernel.set_sink(Some(Sink {
            ifindex: 9999,
            flags: 0,
        }))?;
        check("sink gone", &run(kernel, &frame, None)?, DroppedClone, &[]);
        Ok(())
    })
}

#[test]
fn what_is_not_selected_is_not_counted() -> Result<()> {
    let frame = v4(6, &tcp(40000, 80, ACK, b"x"));
    with_kernel(|kernel| {
        kernel.detach(LOOPBACK)?;
        assert_eq!(run(kernel, &frame, None)?, Counters::default());
        Ok(())
    })
}

#[test]
fn a_pods_address_selects_on_ingress() -> Result<()> {
    use dpi_agent::kernel::SharedInterface;
    let frame = v4(6, &tcp(40000, 80, ACK, b"x"));
    with_kernel(|kernel| {
        let shared = SharedInterface {
            pod_ips: true,
            cgroups: false,
        };
        kernel.attach_shared(LOOPBACK, "lo", shared)?;
        for (ip, selected) in [
            ("10.0.0.2", true),
            ("10.0.0.1", false),
            ("10.0.0.3", false),
            ("a00:2::", false),
        ] {
            kernel.set_pod_ip(ip.parse()?, slot(3))?;
            let before = kernel.counters()?;
            let egress = run(kernel, &frame, None)?;
            assert_eq!(egress, Counters::default(), "{ip} on egress");
            let both = kernel.counters()?.since(&before);
            assert_eq!(both.get(HandedOver), u64::from(selected), "{ip}");
            kernel.remove_pod_ip(ip.parse()?)?;
        }
        assert_eq!(run(kernel, &frame, None)?, Counters::default());
        Ok(())
    })
}
