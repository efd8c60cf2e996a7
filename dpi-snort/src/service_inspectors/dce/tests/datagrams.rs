//! Packets without connections.

use super::*;
use testing::{four, syntax, two};

struct Packet {
    order: ByteOrder,
    kind: u8,
    flags: u8,
    fragment: u16,
    length: u16,
}

impl Packet {
    fn bytes(&self, body: &[u8]) -> Vec<u8> {
        let order = self.order;
        let label = if order == Little { 0x10 } else { 0 };
        let interface = syntax(order, 3);
        let (uuid, version) = interface.split_at(16);
        [
            &[4, self.kind, self.flags, 0, label, 0, 0, 0][..],
            &[0xDD; 16],
            uuid,
            &[0xAA; 16],
            &[0; 4],
            version,
            &four(order, 9),
            &two(order, 7),
            &[0xFF; 4],
            &two(order, self.length),
            &two(order, self.fragment),
            &[0, 0],
            body,
        ]
        .concat()
    }
}

const REQUEST: Packet = Packet {
    order: Little,
    kind: 0,
    flags: 0,
    fragment: 0,
    length: 3,
};

#[test]
fn name_their_interface() {
    let uuid = Uuid::parse("00000001-0002-0003-0405-060708090a03").unwrap();
    let big = Packet {
        order: Big,
        ..REQUEST
    };
    let response = Packet { kind: 2, ..REQUEST };
    let first = Packet {
        flags: 0x04,
        ..REQUEST
    };
    let later = Packet {
        flags: 0x04,
        fragment: 1,
        ..REQUEST
    };
    let long = Packet {
        length: 300,
        ..REQUEST
    };
    for (packet, is_first, stub) in [
        (REQUEST, true, &b"ask"[..]),
        (big, true, b"ask"),
        (response, true, b"ask"),
        (first, true, b"ask"),
        (later, false, b"ask"),
        (long, true, b"ask+auth"),
    ] {
        let bytes = packet.bytes(b"ask+auth");
        let expected = DceFacts {
            interface: Some(Interface { uuid, version: 3 }),
            opnum: Some(7),
            is_first,
            order: packet.order,
            stub,
        };
        assert_eq!(facts_of_datagram(&bytes), Some(expected));
    }
}

#[test]
fn other_datagrams_say_nothing() {
    let bytes = REQUEST.bytes(b"");
    for length in 0..bytes.len() {
        assert_eq!(facts_of_datagram(&bytes[..length]), None, "{length} bytes");
    }
    let ping = Packet { kind: 1, ..REQUEST };
    assert_eq!(facts_of_datagram(&ping.bytes(b"ask")), None);
    let mut version = REQUEST.bytes(b"ask");
    version[0] = 5;
    assert_eq!(facts_of_datagram(&version), None);
}
