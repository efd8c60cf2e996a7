//! Why a frame has no packet that rules could look at.

/// Why decoding stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The header is longer than what is left of the frame.
    #[error("{0} header is cut short")]
    Truncated(Layer),
    /// A field contradicts the rest of the header.
    #[error("{0} header is malformed")]
    Malformed(Layer),
    /// The header is of another version.
    #[error("{0} header is of another version")]
    Version(Layer),
    /// The header's length field is below its fixed part.
    #[error("{0} header length is too small")]
    HeaderLength(Layer),
    /// The packet's length field is below the header's length.
    #[error("{0} length is smaller than the header")]
    Length(Layer),
    /// A length field goes beyond what there is.
    #[error("{0} length goes beyond the packet")]
    Beyond(Layer),
    /// The frame carries something other than IP.
    #[error("EtherType {0:#06x} is not IP")]
    NotIp(u16),
    /// More headers in front of the payload than the limit allows.
    #[error("more than {0} layers")]
    TooManyLayers(usize),
    /// More IPv6 extension headers than the limit allows.
    #[error("more than {0} IPv6 extension headers")]
    TooManyExtensions(usize),
}

/// The header at which decoding stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the protocols'")]
pub enum Layer {
    Ethernet,
    LinuxSll,
    Loopback,
    Ppp,
    Vlan,
    Mpls,
    Pppoe,
    Ipv4,
    Ipv6,
    Ipv6Extension,
    Ah,
    Gre,
    Erspan,
    Erspan3,
    Vxlan,
    Geneve,
    Gtp,
    Teredo,
    Tcp,
    Udp,
    Icmp,
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Layer::Ethernet => "Ethernet",
            Layer::LinuxSll => "Linux cooked capture",
            Layer::Loopback => "loopback",
            Layer::Ppp => "PPP",
            Layer::Vlan => "VLAN",
            Layer::Mpls => "MPLS",
            Layer::Pppoe => "PPPoE",
            Layer::Ipv4 => "IPv4",
            Layer::Ipv6 => "IPv6",
            Layer::Ipv6Extension => "IPv6 extension",
            Layer::Ah => "AH",
            Layer::Gre => "GRE",
            Layer::Erspan => "ERSPAN",
            Layer::Erspan3 => "ERSPAN III",
            Layer::Vxlan => "VXLAN",
            Layer::Geneve => "Geneve",
            Layer::Gtp => "GTP-U",
            Layer::Teredo => "Teredo",
            Layer::Tcp => "TCP",
            Layer::Udp => "UDP",
            Layer::Icmp => "ICMP",
        })
    }
}
