//! Whether a rule can match segments of an open connection whose payload nobody looks at: what
//! would be missed of a flow that the kernel lets pass.

use super::{Detection, compile::Compiled};
use crate::{
    buffers::BufferId,
    ips_options::IpsOption,
    packet::{Packet, TcpHeader},
    unit::FlowView,
};

/// What is handed over of every flow.
const ALWAYS_SEEN: u8 = TcpHeader::SYN | TcpHeader::FIN | TcpHeader::RST;
/// The protocol number of TCP.
const TCP: u8 = 6;

impl Detection {
    /// Whether any rule for this flow may match a segment of either direction by its headers
    /// alone, though it is neither SYN, FIN nor RST. `packet` is any segment of the flow, and
    /// `flow` tells its direction.
    pub(crate) fn minds_bare_segments(&self, packet: &Packet<'_>, flow: &FlowView<'_>) -> bool {
        let (src, dst) = packet.ports();
        let ways = [((src, dst), flow.to_server), ((dst, src), !flow.to_server)];
        let mut minds = false;
        for (ports, to_server) in ways {
            let groups = self
                .groups
                .select(&packet.transport, ports, flow.service, to_server);
            groups.unled(&mut |rule| {
                let rule = usize::try_from(rule).ok().and_then(|at| self.rules.get(at));
                minds |= rule.is_some_and(fits_bare_segments);
            });
        }
        minds
    }
}

fn fits_bare_segments(rule: &Compiled) -> bool {
    let mut tests = rule.header_tests.iter().chain(&rule.payload_tests);
    !tests.any(excludes_bare_segments)
}

/// Whether the option fails on every such segment.
fn excludes_bare_segments(option: &IpsOption) -> bool {
    match option {
        IpsOption::Flags(flags) => !flags.may_hold_without(ALWAYS_SEEN),
        IpsOption::IpProto(protocol) => !protocol.holds_for(TCP),
        IpsOption::Buffer(buffer) => {
            !matches!(buffer.selector.id, BufferId::PktData | BufferId::RawData)
        }
        IpsOption::Content(content) => !content.negated,
        IpsOption::Isdataat(isdataat) => !isdataat.is_negated(),
        // There is no byte to be read, and no message.
        IpsOption::ByteExtract(_)
        | IpsOption::ByteJump(_)
        | IpsOption::ByteMath(_)
        | IpsOption::ByteTest(_)
        | IpsOption::DceIface(_)
        | IpsOption::DceOpnum(_)
        | IpsOption::FileType(_)
        | IpsOption::HttpFieldTest(_)
        | IpsOption::HttpNumber(_)
        | IpsOption::HttpVersionMatch(_)
        | IpsOption::Icmp(_)
        | IpsOption::SipMethod(_)
        | IpsOption::SipStatCode(_)
        | IpsOption::Ssl(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Config,
        parser::{ClassificationConfig, Variables, parse_files},
        testing::packet,
    };

    /// Of a flow to port 80.
    fn minds(rule: &str) -> bool {
        let ruleset = parse_files(
            [("test.rules", rule.as_bytes())],
            &Variables::stock(),
            &ClassificationConfig::default(),
            std::sync::Arc::default(),
        );
        assert!(ruleset.errors.is_empty(), "{:?}", ruleset.errors);
        let (detection, _) = Detection::compile(ruleset, &Config::default()).unwrap();
        let flow = FlowView {
            ports_count: false,
            to_server: true,
            established: true,
            service: Some("ssl"),
            id: 1,
            client_bytes: 1,
            server_bytes: 1,
        };
        detection.minds_bare_segments(&packet(b""), &flow)
    }

    #[test]
    fn rules_on_headers_alone_count() {
        for (rule, expected) in [
            ("alert tcp any any -> any 80 (flags:A; sid:1;)", true),
            ("alert tcp any 80 -> any any (window:0; sid:1;)", true),
            ("alert tcp any any -> any any (ttl:<5; sid:1;)", true),
            ("alert ip any any -> any any (ip_proto:6; sid:1;)", true),
            (
                "alert tcp any any -> any any (content:!\"x\"; sid:1;)",
                true,
            ),
            ("alert tcp any any -> any any (isdataat:!1; sid:1;)", true),
            ("alert tcp any any -> any 81 (flags:A; sid:1;)", false),
            ("alert tcp any any -> any 80 (flags:S; sid:1;)", false),
            ("alert tcp any any -> any 80 (flags:FR*; sid:1;)", false),
            ("alert tcp any any -> any 80 (flags:A,FSR; sid:1;)", true),
            ("alert ip any any -> any any (ip_proto:2; sid:1;)", false),
            (
                "alert tcp any any -> any 80 (byte_test:1,>,3,0; sid:1;)",
                false,
            ),
            ("alert tcp any any -> any 80 (isdataat:10; sid:1;)", false),
            ("alert tcp any any -> any 80 (content:\"x\"; sid:1;)", false),
            (
                "alert tcp any any -> any 80 (ssl_version:!tls1.2; sid:1;)",
                false,
            ),
            (
                "alert tcp any any -> any 80 (http_uri; pcre:\"/x/\"; sid:1;)",
                false,
            ),
        ] {
            assert_eq!(minds(rule), expected, "{rule}");
        }
    }
}
