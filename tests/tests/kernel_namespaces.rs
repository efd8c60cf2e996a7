//! The programs on real interfaces: what a reader gets of real traffic, and what the
//! traffic and programs of others notice.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use dpi_common::{
    Counter, Direction, FlowTuple, PortBitmap, SkbHash, Slot,
    flow::{Address, IPV4, IPV6},
};
use dpi_tests::{
    kernel_fixture::TestKernel,
    kernel_frames::{Ipv4, ipv6_frame, tagged, tcp, udp},
    netns::Netns,
    tapped::{Read, SLOT, Taken, Tap, Tapped},
};

/// Sends `payload` from the pod to the node and back, `count` times.
fn echo(tapped: &Tapped, node: IpAddr, payload: usize, count: usize) -> Result<()> {
    let server = tapped
        .node
        .run(|| Ok(UdpSocket::bind((node, 0))?))
        .with_context(|| format!("binding {node}"))?;
    let client = tapped.pod.run(|| {
        let any = if node.is_ipv4() {
            "0.0.0.0:0"
        } else {
            "[::]:0"
        };
        Ok(UdpSocket::bind(any)?)
    })?;
    for socket in [&server, &client] {
        socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    }
    client.connect(server.local_addr()?)?;
    let (sent, mut received) = (vec![b'u'; payload], vec![0; payload + 1]);
    for _ in 0..count {
        client.send(&sent)?;
        let (len, from) = server.recv_from(&mut received).context("the node's end")?;
        ensure!(len == payload, "{len} bytes");
        server.send_to(&sent, from)?;
        ensure!(client.recv(&mut received).context("the pod's end")? == payload);
    }
    Ok(())
}

/// A connection from the pod to the node: a few bytes there and back.
fn connection(tapped: &Tapped, listener: &TcpListener) -> Result<()> {
    let address = listener.local_addr()?;
    let mut client = tapped.pod.run(|| Ok(TcpStream::connect(address)?))?;
    let (mut server, _) = listener.accept()?;
    let mut four = [0; 4];
    client.write_all(b"ping")?;
    server.read_exact(&mut four)?;
    server.write_all(b"pong")?;
    client.read_exact(&mut four)?;
    Ok(())
}

/// The hash that the frame has to come with, by the pure functions alone.
fn expected(read: &Read, ports: [u16; 2], direction: Direction, seed: u32) -> Result<u32> {
    let family = if read.version == 4 { IPV4 } else { IPV6 };
    let [src, dst] = [words(&read.ends[0]), words(&read.ends[1])];
    let tuple = FlowTuple::new(family, read.protocol, (&src, ports[0]), (&dst, ports[1]));
    let hash = SkbHash {
        direction,
        flow: tuple.hash(seed),
        slot: Slot::new_checked(SLOT).context("slot")?,
    };
    Ok(hash.encode())
}

fn words(bytes: &[u8]) -> Address {
    let mut words = [0; 4];
    for (word, four) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32::from_ne_bytes([four[0], four[1], four[2], four[3]]);
    }
    words
}

/// Whether the pod sent it: its addresses end in 1.
fn direction(read: &Read) -> Direction {
    if read.ends[0].last() == Some(&1) {
        Direction::FromPod
    } else {
        Direction::ToPod
    }
}

#[test]
fn the_hash_on_the_sink_is_that_of_the_pure_function() -> Result<()> {
    let Some(mut tapped) = Tapped::open_any(Tap::default())? else {
        return Ok(());
    };
    let seed = tapped.kernel.hash_seed();
    // Whole datagrams and fragments, over both versions.
    for address in ["10.1.0.2", "fd00::2"] {
        let address: IpAddr = address.parse()?;
        echo(&tapped, address, 100, 3)?;
        echo(&tapped, address, 4000, 3)?;
        let listener = tapped.node.run(|| Ok(TcpListener::bind((address, 0))?))?;
        connection(&tapped, &listener)?;
        // Nobody listens: the node answers by ICMP.
        let closed = tapped.pod.run(|| {
            let any = if address.is_ipv4() {
                "0.0.0.0:0"
            } else {
                "[::]:0"
            };
            Ok(UdpSocket::bind(any)?)
        })?;
        closed.send_to(b"nobody", (address, 9))?;
    }
    tapped.send_frames(&tagged_frames())?;
    let taken = tapped.take()?;
    let mut ports_of: BTreeMap<(Vec<u8>, u32), [u16; 2]> = BTreeMap::new();
    let mut kinds: BTreeMap<(u8, u8, bool, bool, bool), usize> = BTreeMap::new();
    for frame in &taken {
        // Neighbour discovery over ICMPv6 is hashed like any other packet; ARP is not IP.
        let Some(read) = frame.read() else {
            ensure!(frame.rxhash & 0xff_ffff == SLOT, "{frame:?}");
            continue;
        };
        let ports = match read.fragment {
            None => read.ports,
            // Its first fragment came first, from one queue.
            Some((id, true)) => *ports_of
                .entry((read.ends[0].clone(), id))
                .or_insert(read.ports),
            Some((id, false)) => ports_of[&(read.ends[0].clone(), id)],
        };
        let direction = direction(&read);
        let linked = read.version == 6 && read.protocol == 58 && read.ends[0][0] == 0xfe;
        if !linked && read.protocol != 0 {
            let expected = expected(&read, ports, direction, seed)?;
            assert_eq!(frame.rxhash, expected, "{read:?} {direction:?}");
        }
        let kind = (
            read.version,
            read.protocol,
            read.fragment.is_some(),
            frame.vlan.is_some_and(|vlan| vlan.tci == 5),
            direction == Direction::ToPod,
        );
        *kinds.entry(kind).or_default() += 1;
    }
    for version in [4, 6] {
        let icmp = if version == 4 { 1 } else { 58 };
        ensure!(
            kinds.contains_key(&(version, icmp, false, false, true)),
            "{kinds:?}"
        );
        for protocol in [6, 17] {
            let tagged = (version, protocol, false, true, false);
            ensure!(
                kinds.contains_key(&tagged),
                "{tagged:?} is not among {kinds:?}"
            );
        }
        for to_pod in [false, true] {
            for (protocol, fragment) in [(6, false), (17, false), (17, true)] {
                let kind = (version, protocol, fragment, false, to_pod);
                ensure!(kinds.contains_key(&kind), "{kind:?} is not among {kinds:?}");
            }
        }
    }
    Ok(())
}

/// Frames of VLAN 5 from an end whose addresses end in 1.
fn tagged_frames() -> Vec<Vec<u8>> {
    let (segment, datagram) = (tcp(5000, 80, 0x18, b"GET / "), udp(5001, 53, b"question"));
    let ipv4 = Ipv4::default();
    [
        ipv4.frame(6, &segment),
        ipv4.frame(17, &datagram),
        ipv6_frame(6, &segment),
        ipv6_frame(17, &datagram),
    ]
    .iter()
    .map(|frame| tagged(0x8100, 5, frame))
    .collect()
}

/// Readers that frames went to, by what `key` makes of them.
fn readers<K: Ord>(
    taken: &[Taken],
    key: impl Fn(&Read) -> Option<K>,
) -> BTreeMap<K, (BTreeSet<usize>, usize, BTreeSet<bool>)> {
    let mut groups: BTreeMap<K, (BTreeSet<usize>, usize, BTreeSet<bool>)> = BTreeMap::new();
    for frame in taken {
        let Some(read) = frame.read() else { continue };
        let Some(key) = key(&read) else { continue };
        let group = groups.entry(key).or_default();
        group.0.insert(frame.reader);
        group.1 += 1;
        group.2.insert(direction(&read) == Direction::ToPod);
    }
    groups
}

#[test]
fn both_directions_and_all_fragments_meet_one_reader() -> Result<()> {
    let tap = Tap {
        readers: 4,
        ..Tap::default()
    };
    let Some(mut tapped) = Tapped::open_any(tap)? else {
        return Ok(());
    };
    let listener = tapped.node.run(|| Ok(TcpListener::bind("10.1.0.2:0")?))?;
    for _ in 0..200 {
        connection(&tapped, &listener)?;
    }
    let taken = tapped.take()?;
    let flows = readers(&taken, |read| {
        let mut ports = read.ports;
        ports.sort_unstable();
        (read.protocol == 6).then_some(ports)
    });
    assert_eq!(flows.len(), 200);
    let mut used: BTreeSet<usize> = BTreeSet::new();
    for (ports, (readers, frames, directions)) in &flows {
        ensure!(readers.len() == 1, "{ports:?} is at readers {readers:?}");
        ensure!(
            directions.len() == 2 && *frames >= 6,
            "{ports:?}: {frames} frames"
        );
        used.extend(readers);
    }
    assert_eq!(used.len(), 4, "200 flows are spread over four readers");

    // Each from a socket of its own; whole ones of the same flow in between.
    for _ in 0..50 {
        echo(&tapped, "10.1.0.2".parse()?, 4000, 1)?;
    }
    let taken = tapped.take()?;
    let datagrams = readers(&taken, |read| {
        let (id, _) = read.fragment?;
        Some((read.ends[0].clone(), id))
    });
    assert_eq!(datagrams.len(), 100, "50 there, 50 back");
    for (datagram, (readers, fragments, _)) in &datagrams {
        ensure!(readers.len() == 1, "{datagram:?} is at readers {readers:?}");
        assert_eq!(*fragments, 3, "{datagram:?}");
    }
    Ok(())
}

#[test]
fn programs_of_other_owners_before_and_after_see_every_packet() -> Result<()> {
    let Some(tapped) = Tapped::open_any(Tap::default())? else {
        return Ok(());
    };
    // Each attaches as the first in line: the second is before the one that is there, and
    // the third before both, so that the one in the middle has an owner on either side.
    let Some(mut other) = TestKernel::open()? else {
        return Ok(());
    };
    let index = tapped.node.ifindex("va")?;
    let slot = Slot::new_checked(1).context("slot")?;
    tapped.node.run(|| Ok(other.attach(index, "va", slot)?))?;
    let Some(mut ours) = TestKernel::open()? else {
        return Ok(());
    };
    tapped.node.run(|| Ok(ours.attach(index, "va", slot)?))?;
    let seen = |kernels: [&TestKernel; 3]| -> Result<Vec<u64>> {
        let each = kernels.iter();
        each.map(|kernel| Ok(kernel.counters()?.get(Counter::Seen)))
            .collect()
    };
    echo(&tapped, "10.1.0.2".parse()?, 10, 1)?;
    let before = seen([&tapped.kernel, &other, &ours])?;
    echo(&tapped, "10.1.0.2".parse()?, 10, 100)?;
    let after = seen([&tapped.kernel, &other, &ours])?;
    let difference: Vec<u64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
    ensure!(difference[0] >= 200, "{difference:?}");
    ensure!(
        difference.iter().all(|n| *n == difference[0]),
        "{difference:?}"
    );
    // The one in the middle goes; the others stay.
    tapped.node.run(|| Ok(other.detach(index)?))?;
    let before = seen([&tapped.kernel, &other, &ours])?;
    echo(&tapped, "10.1.0.2".parse()?, 10, 10)?;
    let after = seen([&tapped.kernel, &other, &ours])?;
    assert_eq!(after[1], before[1]);
    ensure!(after[0] >= before[0] + 20 && after[2] >= before[2] + 20);
    Ok(())
}

#[test]
fn an_interface_that_is_made_again_is_attached_again() -> Result<()> {
    let Some(mut tapped) = Tapped::open_any(Tap::default())? else {
        return Ok(());
    };
    let slot = Slot::new_checked(SLOT).context("slot")?;
    let old = tapped.node.ifindex("va")?;
    tapped.node.ip("link del va")?;
    // The same index again is the harder case: pins of the dead interface have its number.
    let pod = tapped.pod.name().to_owned();
    tapped.node.ip(&format!(
        "link add va index {old} type veth peer name eth0 netns {pod}"
    ))?;
    for (netns, device, number) in [(&tapped.pod, "eth0", 1), (&tapped.node, "va", 2)] {
        netns.ip(&format!("link set {device} up"))?;
        netns.ip(&format!("addr add 10.1.0.{number}/24 dev {device}"))?;
    }
    let kernel = &mut tapped.kernel;
    tapped.node.run(|| Ok(kernel.attach(old, "va", slot)?))?;
    let before = tapped.kernel.counters()?;
    echo(&tapped, "10.1.0.2".parse()?, 10, 20)?;
    let counted = tapped.kernel.counters()?.since(&before);
    ensure!(counted.get(Counter::HandedOver) >= 40, "{counted:?}");
    assert_eq!(tapped.kernel.attached()?.len(), 1);
    let kernel = &mut tapped.kernel;
    tapped.node.run(|| Ok(kernel.detach(old)?))?;
    assert_eq!(tapped.kernel.attached()?.len(), 0);
    Ok(())
}

/// The kernel frees a link some time after its pin is gone; until then the same program
/// could not be attached to the interface again.
#[test]
fn what_was_detached_can_be_attached_at_once() -> Result<()> {
    let Some(mut tapped) = Tapped::open_any(Tap::default())? else {
        return Ok(());
    };
    let slot = Slot::new_checked(SLOT).context("slot")?;
    let index = tapped.node.ifindex("va")?;
    let kernel = &mut tapped.kernel;
    tapped.node.run(|| {
        for _ in 0..50 {
            kernel.detach(index)?;
            kernel.attach(index, "va", slot)?;
        }
        Ok(())
    })?;
    assert_eq!(tapped.kernel.attached()?.len(), 1);
    Ok(())
}

#[test]
fn without_a_lease_nothing_is_handed_over_and_traffic_goes_on() -> Result<()> {
    let Some(mut tapped) = Tapped::open_any(Tap::default())? else {
        return Ok(());
    };
    let address = "10.1.0.2".parse()?;
    echo(&tapped, address, 10, 10)?;
    tapped.kernel.renew_lease(Duration::from_millis(300))?;
    std::thread::sleep(Duration::from_millis(400));
    let before = tapped.kernel.counters()?;
    echo(&tapped, address, 10, 50)?;
    let counted = tapped.kernel.counters()?.since(&before);
    assert_eq!(counted.get(Counter::HandedOver), 0);
    ensure!(counted.get(Counter::DroppedNoAgent) >= 100);
    assert_eq!(
        counted.get(Counter::DroppedNoAgent),
        counted.get(Counter::Seen)
    );
    tapped.kernel.renew_lease(Duration::from_secs(60))?;
    let before = tapped.kernel.counters()?;
    echo(&tapped, address, 10, 10)?;
    let counted = tapped.kernel.counters()?.since(&before);
    assert_eq!(counted.get(Counter::HandedOver), counted.get(Counter::Seen));
    Ok(())
}

#[test]
fn unselected_interfaces_beside_a_selected_one_are_left_alone() -> Result<()> {
    let Some(tapped) = Tapped::open_any(Tap::default())? else {
        return Ok(());
    };
    let other = Netns::labelled("other")?;
    tapped.node.veth("vb", &other, "eth0")?;
    tapped.node.ip("addr add 10.2.0.2/24 dev vb")?;
    other.ip("addr add 10.2.0.1/24 dev eth0")?;
    let before = tapped.kernel.counters()?;
    let server = tapped.node.run(|| Ok(UdpSocket::bind("10.2.0.2:0")?))?;
    let to: SocketAddr = server.local_addr()?;
    let client = other.run(|| Ok(UdpSocket::bind("10.2.0.1:0")?))?;
    let mut byte = [0; 2];
    for _ in 0..50 {
        client.send_to(b"x", to)?;
        server.recv(&mut byte)?;
    }
    let counted = tapped.kernel.counters()?.since(&before);
    // What little passes the selected interface meanwhile is neighbour discovery.
    ensure!(counted.get(Counter::Seen) < 50, "{counted:?}");
    Ok(())
}

#[test]
fn a_port_that_no_rule_wants_is_passed_by() -> Result<()> {
    let Some(mut tapped) = Tapped::open_any(Tap::default())? else {
        return Ok(());
    };
    tapped.kernel.set_ports(&PortBitmap::NOTHING)?;
    tapped.take()?;
    let before = tapped.kernel.counters()?;
    echo(&tapped, "10.1.0.2".parse()?, 10, 50)?;
    let counted = tapped.kernel.counters()?.since(&before);
    ensure!(counted.get(Counter::BypassedNoRule) >= 100, "{counted:?}");
    let udp = |taken: &[Taken]| {
        taken
            .iter()
            .filter_map(Taken::read)
            .filter(|r| r.protocol == 17)
            .count()
    };
    assert_eq!(udp(&tapped.take()?), 0);
    Ok(())
}
