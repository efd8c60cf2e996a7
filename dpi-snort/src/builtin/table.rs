//! The events: generator, number, what they mean, and who raises them.

use crate::parser::RuleId;

/// Who raises an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `codecs`: of one packet, when it is decoded.
    Codecs,
    /// `stream::defrag`.
    Fragments,
    /// `stream::tcp`.
    Tcp,
    /// `service_inspectors::http`, of a message's head or its framing.
    Http,
    /// `service_inspectors::http2`.
    Http2,
}

impl Source {
    /// The generator's number.
    pub const fn gid(self) -> u32 {
        match self {
            Source::Codecs => 116,
            Source::Http => 119,
            Source::Http2 => 121,
            Source::Fragments => 123,
            Source::Tcp => 129,
        }
    }
}

macro_rules! events {
    ($($source:ident { $($variant:ident = $sid:literal $message:literal,)* })*) => {
        /// An event that a rule can ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum BuiltinEvent {
            $($(#[doc = $message] $variant,)*)*
        }

        impl BuiltinEvent {
            /// Every event, by rising id.
            pub const ALL: &'static [BuiltinEvent] = &[$($(BuiltinEvent::$variant,)*)*];

            /// Who raises it.
            pub const fn source(self) -> Source {
                match self {
                    $($(BuiltinEvent::$variant => Source::$source,)*)*
                }
            }

            /// Its number within the generator.
            pub const fn sid(self) -> u32 {
                match self {
                    $($(BuiltinEvent::$variant => $sid,)*)*
                }
            }

            /// What it says, for rules without a message of their own.
            pub const fn message(self) -> &'static str {
                match self {
                    $($(BuiltinEvent::$variant => $message,)*)*
                }
            }
        }
    };
}

impl BuiltinEvent {
    /// Generator and number.
    pub const fn id(self) -> RuleId {
        RuleId {
            gid: self.source().gid(),
            sid: self.sid(),
        }
    }

    /// The event of this number, if it exists here.
    pub fn find(id: RuleId) -> Option<BuiltinEvent> {
        let mut all = BuiltinEvent::ALL.iter().copied();
        all.find(|event| event.id() == id)
    }

    /// Whether events of a generator exist here.
    pub fn has_generator(gid: u32) -> bool {
        let mut all = BuiltinEvent::ALL.iter();
        all.any(|event| event.source().gid() == gid)
    }

    /// The event that the counter's label of an inspector's trouble stands for.
    pub(crate) fn of_label(label: &str) -> Option<BuiltinEvent> {
        Some(match label {
            "http_not_a_start_line" => BuiltinEvent::HttpNotHttp,
            "http_max_pipeline" => BuiltinEvent::HttpPipeline,
            "http_decompress" => BuiltinEvent::HttpDecompressRatio,
            "http2_no_preface" => BuiltinEvent::Http2Preface,
            "http2_no_settings" => BuiltinEvent::Http2FirstFrame,
            "http2_hpack" => BuiltinEvent::Http2Hpack,
            "http2_max_streams" => BuiltinEvent::Http2Streams,
            "http2_continuation_missing" => BuiltinEvent::Http2ContinuationMissing,
            "http2_continuation" => BuiltinEvent::Http2ContinuationUnexpected,
            "http2_padding" => BuiltinEvent::Http2Padding,
            _ => return None,
        })
    }
}

events! {
    Codecs {
        Ipv4Version = 1 "IP header of another version than 4",
        Ipv4HeaderLength = 2 "IPv4 header length below 20 bytes",
        Ipv4TotalLength = 3 "IPv4 total length below the header length",
        Ipv4OptionLength = 4 "IPv4 option with an impossible length",
        Ipv4OptionCut = 5 "IPv4 option longer than the options",
        Ipv4Beyond = 6 "IPv4 total length beyond the frame",
        TcpShort = 45 "TCP header of fewer than 20 bytes",
        TcpHeaderLength = 46 "TCP data offset below 5",
        TcpBeyond = 47 "TCP header longer than its packet",
        TcpOptionLength = 54 "TCP option with an impossible length",
        TcpOptionCut = 55 "TCP option longer than the options",
        TcpWindowScale = 59 "TCP window scale above 14",
        UdpShort = 95 "UDP header of fewer than 8 bytes",
        UdpLength = 96 "UDP length below 8",
        UdpBeyond = 97 "UDP length beyond the packet",
        UdpLong = 98 "bytes behind the UDP length",
        IcmpTimestampShort = 106 "ICMP timestamp message cut short",
        IcmpMaskShort = 107 "ICMP address mask message cut short",
        PppoeBad = 120 "malformed PPPoE header",
        VlanShort = 130 "VLAN tag cut short",
        Loopback = 150 "address of the loopback network",
        SameEnds = 151 "source and destination address are the same",
        GreShort = 160 "GRE header longer than its packet",
        GreVersion = 162 "unknown GRE version",
        MplsShort = 170 "MPLS label cut short",
        GeneveShort = 180 "Geneve header cut short",
        GeneveVersion = 181 "unknown Geneve version",
        Ipv6Version = 271 "IPv6 header of another version than 6",
        Ipv6ExtensionShort = 272 "IPv6 extension header cut short",
        Ipv6Short = 273 "IPv6 header cut short",
        Ipv6Beyond = 275 "IPv6 payload length beyond the frame",
        Ipv6ToNobody = 276 "IPv6 to the unspecified address",
        Ipv6FromMulticast = 277 "IPv6 from a multicast address",
        Icmp6SmallMtu = 285 "ICMPv6 packet too big with an MTU below 1280",
        NestedIp = 293 "IP in IP",
        XmasAll = 400 "TCP with FIN, PSH and URG and one of SYN, ACK and RST",
        XmasScan = 401 "TCP with FIN, PSH and URG alone",
        SynToMulticast = 403 "TCP SYN to a multicast address",
        Ipv4ZeroTtl = 404 "IPv4 with TTL 0",
        Ipv4FragmentBits = 405 "IPv4 with both DF and MF",
        Udp6NoChecksum = 406 "UDP over IPv6 without a checksum",
        Ipv4FragmentEnd = 407 "IPv4 fragment behind the largest datagram",
        Ipv4FromThisNet = 408 "IPv4 from network 0",
        Ipv4ToThisNet = 409 "IPv4 to network 0",
        Ipv4FromMulticast = 410 "IPv4 from a multicast address",
        Ipv4FromReserved = 411 "IPv4 from a reserved address",
        Ipv4ToReserved = 412 "IPv4 to a reserved address",
        Ipv4FromBroadcast = 413 "IPv4 from the broadcast address",
        Ipv4ToBroadcast = 414 "IPv4 to the broadcast address",
        IcmpToMulticast = 415 "ICMP to a multicast address",
        IcmpToBroadcast = 416 "ICMP to the broadcast address",
        UrgentBeyond = 419 "TCP urgent pointer behind the payload",
        SynFin = 420 "TCP SYN with FIN",
        SynRst = 421 "TCP SYN with RST",
        TcpNoPurpose = 423 "TCP without SYN, ACK and RST",
        EthernetShort = 424 "Ethernet header cut short",
        Ipv4Short = 425 "IPv4 header cut short",
        IcmpShort = 426 "ICMP header cut short",
        Icmp6Short = 427 "ICMPv6 header cut short",
        Ipv6ZeroHops = 429 "IPv6 with hop limit 0",
        Ipv4DontFragmentOffset = 430 "IPv4 fragment with DF",
        IcmpRedirectHost = 436 "ICMP redirect for a host",
        IcmpRedirectNet = 437 "ICMP redirect for a network",
        IcmpSourceQuench = 439 "ICMP source quench",
        Ipv4Options = 444 "IPv4 with options",
        UdpLarge = 445 "UDP of more than 4000 bytes",
        TcpPortZero = 446 "TCP port 0",
        UdpPortZero = 447 "UDP port 0",
        Ipv4ReservedBit = 448 "IPv4 with the reserved bit",
        Ipv6Extensions = 456 "too many IPv6 extension headers",
        EmptyFragment = 459 "fragment without bytes",
        ErspanVersion = 462 "ERSPAN header of another version",
        Erspan2Short = 463 "ERSPAN header of type II cut short",
        Erspan3Short = 464 "ERSPAN header of type III cut short",
        AhShort = 465 "authentication header cut short",
        TooManyLayers = 472 "too many layers",
    }
    Http {
        HttpUnreserved = 1 "URI escapes a character that needs no escape",
        HttpDoubleEscape = 2 "URI escaped twice",
        HttpPercentU = 3 "URI with a %u escape",
        HttpUtf8 = 6 "URI with escaped UTF-8 of two or three bytes",
        HttpSlashes = 8 "URI path with slashes in a row",
        HttpBackslash = 9 "URI path with a backslash",
        HttpDot = 10 "URI path with /./",
        HttpDotDot = 11 "URI path with /../",
        HttpTab = 12 "tab in a start line",
        HttpBareLf = 13 "start or header line that ends with LF alone",
        HttpLongSegment = 15 "URI path segment of more than 300 bytes",
        HttpAboveRoot = 18 "URI path leads above the root",
        HttpLongLine = 19 "header line of more than 4096 bytes",
        HttpManyLines = 20 "more than 200 header lines",
        HttpLengths = 21 "more than one Content-Length",
        HttpHosts = 24 "more than one Host",
        HttpNoLength = 28 "POST or PUT without a length and without chunks",
        HttpSimple = 32 "request of HTTP/0.9",
        HttpSpace = 33 "URI with a blank",
        HttpPipeline = 34 "too many requests without an answer",
        HttpStatus = 102 "status code that is none",
        HttpNotHttp = 201 "no HTTP where a message was due",
        HttpBlankBetween = 203 "empty line in front of a message",
        HttpBlanks = 206 "more than one blank in a start line",
        HttpNoColon = 209 "header line without a colon",
        HttpChunkOptions = 210 "chunk with an extension",
        HttpChunkBad = 213 "chunk without a size",
        HttpChunkBlank = 214 "blank beside a chunk size",
        HttpBlankInName = 215 "blank within a header name",
        HttpDecompressRatio = 216 "body that decompresses to too much",
        HttpDecompressFailed = 217 "body that cannot be decompressed",
        HttpLengthAndCoding = 220 "both Content-Length and Transfer-Encoding",
        HttpBodyImpossible = 221 "status without a body, and the length of one",
        HttpCodingEnd = 222 "Transfer-Encoding that does not end with chunked",
        HttpCodings = 223 "Transfer-Encoding with others in front of chunked",
        HttpContentCodings = 227 "more than one Content-Encoding",
        HttpOddName = 230 "unprintable byte in a header name",
        HttpBadLength = 231 "Content-Length that is no number",
        HttpFold = 232 "header line that goes on in the next",
        HttpChunkEnd = 234 "chunk that does not end with a line end",
        HttpChunkLf = 235 "chunk size that ends with LF alone",
        HttpInterim = 238 "interim status other than 100 and 101",
        HttpOldChunks = 240 "Transfer-Encoding in HTTP/1.0",
        HttpVersionCase = 246 "HTTP of the version in lower case",
        HttpConnectLength = 255 "answer to CONNECT with Content-Length",
        HttpConnectCoding = 256 "answer to CONNECT with Transfer-Encoding",
        HttpScheme = 262 "URI scheme of more than ten characters",
        HttpMinor = 275 "HTTP/1 of another version than 1.0 and 1.1",
        HttpVersionZero = 276 "HTTP/0 stated as a version",
        HttpVersionHigh = 277 "HTTP version above 1 in a start line",
    }
    Http2 {
        Http2ContinuationMissing = 4 "header block interrupted by another frame",
        Http2ContinuationUnexpected = 5 "CONTINUATION without a header block",
        Http2Hpack = 6 "header block that cannot be unfolded",
        Http2Preface = 7 "connection preface that is none",
        Http2FirstFrame = 13 "connection that does not begin with SETTINGS",
        Http2Padding = 16 "padding longer than its frame",
        Http2Streams = 27 "too many streams at a time",
    }
    Fragments {
        FragmentEnd = 4 "fragment behind the end of its datagram",
        FragmentEmpty = 5 "fragment without bytes to be put in place",
        FragmentTooLarge = 7 "fragment that makes its datagram too large",
        FragmentOverlap = 8 "fragments that overlap",
    }
    Tcp {
        SynInConnection = 1 "SYN in an open connection",
        DataOnSyn = 2 "data on a SYN",
        DataAfterFin = 3 "data behind the end of a stream",
        OldTimestamp = 4 "timestamp older than the latest",
        DataAfterOwnReset = 8 "data of an end that has reset the connection",
        DataWithoutFlags = 11 "data without any TCP flag",
        FourWayHandshake = 13 "SYN answered by a SYN",
        NoTimestamp = 14 "timestamps agreed on and missing",
        ResetOutside = 15 "reset outside the window",
        DataAfterReset = 18 "data to an end that has reset the connection",
        OutsideWindow = 19 "data beyond the window",
        NoHandshake = 20 "connection whose handshake was not seen",
        QueueFull = 21 "too many bytes wait for a missing segment",
    }
}
