//! What packets tell of flows on interfaces that several workloads share.

use dpi_common::{
    BoundPort, Direction, FlowTuple, Fragment, Packet, Sides,
    flow::{IPV4, protocol},
    packet::tcp_flags::{ACK, FIN, RST, SYN},
};

fn packet(src: u32, dst: u32) -> Packet {
    Packet {
        src: [src, 0, 0, 0],
        dst: [dst, 0, 0, 0],
        src_port: 5000,
        dst_port: 80,
        protocol: protocol::TCP,
        family: IPV4,
        tcp_flags: ACK,
        ..Packet::default()
    }
}

#[test]
fn one_way_is_neither_the_other_way_nor_the_flow() {
    let (there, back) = (packet(1, 2), packet(2, 1));
    assert_ne!(there.one_way(), back.one_way());
    for packet in [there, back] {
        assert_ne!(packet.one_way(), packet.tuple());
        assert_eq!(packet.one_way().zero, FlowTuple::ONE_WAY);
        assert_eq!(packet.tuple().zero, 0);
    }
}

#[test]
fn which_packets_tell_of_a_side() {
    use Direction::{FromPod, ToPod};
    let of = |tcp_flags| Packet {
        tcp_flags,
        ..packet(1, 2)
    };
    let later = Packet {
        fragment: Fragment::Later,
        ..packet(1, 2)
    };
    let udp = Packet {
        protocol: protocol::UDP,
        ..packet(1, 2)
    };
    for (packet, direction, counts) in [
        (of(ACK), FromPod, Some((1, 0))),
        (of(ACK | FIN), FromPod, Some((1, 0))),
        (of(ACK | RST), FromPod, Some((1, 0))),
        // A SYN-ACK acknowledges what may have been received before anybody looked.
        (of(SYN | ACK), FromPod, None),
        (of(SYN), FromPod, None),
        (of(RST), FromPod, None),
        (of(ACK), ToPod, Some((0, 1))),
        (of(SYN), ToPod, Some((0, 1))),
        (later, ToPod, None),
        (udp, FromPod, None),
        (udp, ToPod, None),
    ] {
        let found = Sides::default().with(&packet, direction);
        let found = found.map(|sides| (sides.acknowledged, sides.received));
        assert_eq!(found, counts, "{packet:?} {direction:?}");
    }
    let full = Sides {
        acknowledged: u32::MAX,
        received: 0,
    };
    assert_eq!(full.with(&packet(1, 2), FromPod), Some(full));
}

#[test]
fn a_port_is_found_as_packets_show_it() {
    let port = BoundPort::new(protocol::TCP, [10, 0, 0, 1].into(), 80);
    let shown = u32::from_ne_bytes([10, 0, 0, 1]);
    let expected = BoundPort {
        address: [shown, 0, 0, 0],
        port: 80,
        protocol: protocol::TCP,
        family: IPV4,
    };
    assert_eq!(port, expected);
}
