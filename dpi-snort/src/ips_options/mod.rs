//! What each rule option means: one file an option (or a family with one grammar), with its
//! grammar, its evaluation and its table of tests.
//!
//! The text of options is split by `parser`; which rules are tried, and trying earlier
//! matches again when a later relative option fails, is the business of `detection`.

mod args;
mod base64;
mod ber;
pub(crate) mod buffer;
mod bufferlen;
mod byte_extract;
mod byte_jump;
mod byte_math;
mod byte_test;
mod bytes;
mod content;
mod cvs;
mod dce_iface;
mod dce_opnum;
mod detection_filter;
mod digest;
mod dsize;
mod error;
mod file_meta;
mod file_type;
mod flags;
mod flow;
mod flowbits;
mod fragbits;
pub(crate) mod general;
mod hex;
mod http_field_test;
mod http_number;
mod http_version_match;
mod icmp_fields;
mod inert;
mod ip_fields;
mod ip_proto;
mod ipopts;
mod isdataat;
mod pcre;
mod pkt_num;
mod range;
mod regex;
mod rpc;
mod sd_pattern;
mod sip;
mod ssl;
mod stream_reassemble;
mod stream_size;
mod tcp_fields;
#[cfg(test)]
mod testing;
mod variable;
mod waiting;
mod wscale;

use dpi_match::pcre::MatchScratch;

pub use buffer::BufferOption;
pub use content::Content;
pub use error::OptionError;
pub use flowbits::FlowbitsOption;
pub(crate) use pcre::Found;
pub use pcre::PcreOption;
pub use range::NumberRange;
pub(crate) use variable::{MAX_VARIABLES, Offset, RuleContext};

use crate::{
    detection::Flowbits,
    filters::DetectionFilter,
    parser::{Needs, Reason, lexer::RawOption},
    unit::InspectionUnit,
};

/// A detection option. Equal ones always come to the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the option of its name")]
pub enum IpsOption {
    Base64Data,
    Base64Decode(base64::Base64Decode),
    BerData(ber::BerData),
    BerSkip(ber::BerSkip),
    Buffer(BufferOption),
    Bufferlen(bufferlen::Bufferlen),
    ByteExtract(byte_extract::ByteExtract),
    ByteJump(byte_jump::ByteJump),
    ByteMath(byte_math::ByteMath),
    ByteTest(byte_test::ByteTest),
    Content(Content),
    Cvs(cvs::Cvs),
    DceIface(dce_iface::DceIface),
    DceOpnum(dce_opnum::DceOpnum),
    Digest(digest::DigestOption),
    Dsize(dsize::Dsize),
    FileType(file_type::FileType),
    Flags(flags::Flags),
    Flow(flow::FlowOption),
    Flowbits(FlowbitsOption),
    Fragbits(fragbits::Fragbits),
    HttpFieldTest(http_field_test::HttpFieldTest),
    HttpNumber(http_number::HttpNumber),
    HttpVersionMatch(http_version_match::HttpVersionMatch),
    Icmp(icmp_fields::IcmpField),
    Ip(ip_fields::IpField),
    IpProto(ip_proto::IpProto),
    Ipopts(ipopts::Ipopts),
    Isdataat(isdataat::Isdataat),
    Pcre(PcreOption),
    PktNum(pkt_num::PktNum),
    Rpc(rpc::Rpc),
    SdPattern(sd_pattern::SdPattern),
    SipMethod(sip::SipMethod),
    SipStatCode(sip::SipStatCode),
    Ssl(ssl::SslOption),
    StreamReassemble(stream_reassemble::StreamReassemble),
    StreamSize(stream_size::StreamSize),
    Tcp(tcp_fields::TcpField),
    Wscale(wscale::Wscale),
}

/// What the text of an option came to.
pub(crate) enum Parsed {
    Option(Box<IpsOption>),
    DetectionFilter(DetectionFilter),
    /// Name of the file type that the rule defines.
    FileMeta(Box<str>),
    /// `enable`: the text sets a rule's state.
    StateStub,
    /// Accepted, and without meaning for passive detection.
    Inert,
}

/// A place in the current buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'b> {
    /// The buffer.
    pub(crate) data: &'b [u8],
    /// At most `data.len()`.
    pub(crate) pos: usize,
    /// What `byte_extract` and `byte_math` stored.
    pub(crate) variables: [u32; MAX_VARIABLES],
}

/// What options are evaluated against, besides the cursor.
pub(crate) struct Context<'u, 's> {
    pub(crate) unit: &'u InspectionUnit<'u>,
    pub(crate) flowbits: Option<&'s Flowbits>,
    pub(crate) pcre: &'s mut MatchScratch,
    /// How often an expression was given up at a limit.
    pub(crate) pcre_limit_hits: &'s mut u64,
}

impl<'b> Cursor<'b> {
    /// The start of a buffer.
    pub(crate) fn start_of(data: &'b [u8]) -> Cursor<'b> {
        Cursor {
            data,
            pos: 0,
            variables: [0; MAX_VARIABLES],
        }
    }

    /// Goes to the start of another buffer, keeping the variables.
    pub(crate) fn set_buffer(&mut self, data: &'b [u8]) {
        self.data = data;
        self.pos = 0;
    }

    /// Goes to `pos` unless it lies behind the end of the buffer.
    #[must_use]
    pub(crate) fn set_pos(&mut self, pos: i64) -> bool {
        let Some(pos) = usize::try_from(pos).ok().filter(|p| *p <= self.data.len()) else {
            return false;
        };
        self.pos = pos;
        true
    }
}

/// Reads one option.
pub(crate) fn parse(raw: &RawOption<'_>, context: &mut RuleContext) -> Result<Parsed, Reason> {
    use IpsOption as O;
    let option = match raw.name {
        "ack" | "seq" | "urg" | "window" => O::Tcp(tcp_fields::TcpField::parse(raw)?),
        "base64_data" => {
            raw.no_args()?;
            O::Base64Data
        }
        "base64_decode" => O::Base64Decode(base64::Base64Decode::parse(raw)?),
        "ber_data" => O::BerData(ber::BerData::parse(raw)?),
        "ber_skip" => O::BerSkip(ber::BerSkip::parse(raw)?),
        "bufferlen" => O::Bufferlen(bufferlen::Bufferlen::parse(raw)?),
        "byte_extract" => O::ByteExtract(byte_extract::ByteExtract::parse(raw, context)?),
        "byte_jump" => O::ByteJump(byte_jump::ByteJump::parse(raw, context)?),
        "byte_math" => O::ByteMath(byte_math::ByteMath::parse(raw, context)?),
        "byte_test" => O::ByteTest(byte_test::ByteTest::parse(raw, context)?),
        "content" => O::Content(Content::parse(raw, context)?),
        "cvs" => O::Cvs(cvs::Cvs::parse(raw)?),
        "dce_iface" => O::DceIface(dce_iface::DceIface::parse(raw)?),
        "dce_opnum" => O::DceOpnum(dce_opnum::DceOpnum::parse(raw)?),
        "detection_filter" => {
            return Ok(detection_filter::parse(raw)?.map_or(Parsed::Inert, Parsed::DetectionFilter));
        }
        "dsize" => O::Dsize(dsize::Dsize::parse(raw)?),
        "file_type" => O::FileType(file_type::FileType::parse(raw)?),
        "file_meta" => return file_meta::parse(raw, context).map(Parsed::FileMeta),
        "flags" => O::Flags(flags::Flags::parse(raw)?),
        "flow" => O::Flow(flow::FlowOption::parse(raw, context)?),
        "flowbits" => match FlowbitsOption::parse(raw)? {
            flowbits::Word::Bits(bits) => O::Flowbits(bits),
            flowbits::Word::Noalert => {
                context.noalert = true;
                return Ok(Parsed::Inert);
            }
        },
        "fragbits" => O::Fragbits(fragbits::Fragbits::parse(raw)?),
        "fragoffset" | "id" | "tos" | "ttl" => O::Ip(ip_fields::IpField::parse(raw)?),
        "http_header_test" | "http_trailer_test" => {
            O::HttpFieldTest(http_field_test::HttpFieldTest::parse(raw)?)
        }
        "http_version_match" => {
            O::HttpVersionMatch(http_version_match::HttpVersionMatch::parse(raw)?)
        }
        "icmp_id" | "icmp_seq" | "icode" | "itype" => O::Icmp(icmp_fields::IcmpField::parse(raw)?),
        "ip_proto" => O::IpProto(ip_proto::IpProto::parse(raw)?),
        "ipopts" => O::Ipopts(ipopts::Ipopts::parse(raw)?),
        "isdataat" => O::Isdataat(isdataat::Isdataat::parse(raw, context)?),
        "md5" | "sha256" | "sha512" => O::Digest(digest::DigestOption::parse(raw, context)?),
        "pcre" => O::Pcre(PcreOption::parse(raw)?),
        "pkt_num" => O::PktNum(pkt_num::PktNum::parse(raw)?),
        "regex" => O::Pcre(regex::parse(raw)?),
        "rpc" => O::Rpc(rpc::Rpc::parse(raw)?),
        "sd_pattern" => O::SdPattern(sd_pattern::SdPattern::parse(raw)?),
        "sip_method" => O::SipMethod(sip::SipMethod::parse(raw)?),
        "sip_stat_code" => O::SipStatCode(sip::SipStatCode::parse(raw)?),
        "ssl_state" => O::Ssl(ssl::SslOption::state(raw)?),
        "ssl_version" => O::Ssl(ssl::SslOption::version(raw)?),
        "stream_reassemble" => {
            O::StreamReassemble(stream_reassemble::StreamReassemble::parse(raw, context)?)
        }
        "stream_size" => O::StreamSize(stream_size::StreamSize::parse(raw)?),
        "wscale" => O::Wscale(wscale::Wscale::parse(raw)?),
        name if http_number::is_number(name) => O::HttpNumber(http_number::HttpNumber::parse(raw)?),
        name if buffer::is_buffer(name) => O::Buffer(BufferOption::parse(raw)?),
        _ => return inert::parse(raw),
    };
    Ok(Parsed::Option(Box::new(option)))
}

/// What can only be said of all options of a rule together.
pub(crate) fn check(options: &[IpsOption]) -> Result<(), OptionError> {
    let mut decoded = false;
    for option in options {
        match option {
            IpsOption::Base64Decode(_) => decoded = true,
            IpsOption::Base64Data if !decoded => return Err(OptionError::NothingDecoded),
            _ => {}
        }
    }
    buffer::check(options)
}

/// Services that the buffers of a rule imply when it names none itself.
pub(crate) fn implied_services(options: &[IpsOption]) -> Vec<&'static str> {
    buffer::implied_services(options)
}

impl IpsOption {
    /// Whether the outcome hangs on where earlier options left the cursor.
    pub(crate) fn is_relative(&self) -> bool {
        match self {
            IpsOption::Base64Decode(o) => o.is_relative(),
            IpsOption::BerData(_) | IpsOption::BerSkip(_) | IpsOption::SdPattern(_) => true,
            IpsOption::Bufferlen(o) => o.is_relative(),
            IpsOption::ByteExtract(o) => o.is_relative(),
            IpsOption::ByteJump(o) => o.is_relative(),
            IpsOption::ByteMath(o) => o.is_relative(),
            IpsOption::ByteTest(o) => o.is_relative(),
            IpsOption::Content(o) => o.is_relative(),
            IpsOption::Digest(o) => o.is_relative(),
            IpsOption::Isdataat(o) => o.is_relative(),
            IpsOption::Pcre(o) => o.is_relative(),
            _ => false,
        }
    }

    /// Whether the option puts the cursor where earlier options have no say.
    pub(crate) fn resets_cursor(&self) -> bool {
        match self {
            IpsOption::Base64Data | IpsOption::Buffer(_) => true,
            IpsOption::ByteJump(o) => !o.is_relative(),
            IpsOption::Content(o) => !o.is_relative() && !o.negated,
            IpsOption::Pcre(o) => !o.is_relative() && !o.is_negated(),
            _ => false,
        }
    }

    /// Whether the option reads neither payload nor cursor: such ones are asked first.
    pub(crate) fn is_header_test(&self) -> bool {
        match self {
            IpsOption::DceIface(_)
            | IpsOption::DceOpnum(_)
            | IpsOption::Dsize(_)
            | IpsOption::FileType(_)
            | IpsOption::Flags(_)
            | IpsOption::Flow(_)
            | IpsOption::Fragbits(_)
            | IpsOption::HttpFieldTest(_)
            | IpsOption::HttpNumber(_)
            | IpsOption::HttpVersionMatch(_)
            | IpsOption::Icmp(_)
            | IpsOption::Ip(_)
            | IpsOption::IpProto(_)
            | IpsOption::Ipopts(_)
            | IpsOption::PktNum(_)
            | IpsOption::SipMethod(_)
            | IpsOption::SipStatCode(_)
            | IpsOption::Ssl(_)
            | IpsOption::StreamSize(_)
            | IpsOption::Tcp(_)
            | IpsOption::Wscale(_) => true,
            IpsOption::Flowbits(o) => !o.is_setter(),
            _ => false,
        }
    }

    /// Whether the option always comes to the same on a unit, given where the cursor is, and
    /// is not bounded by limits other than steps.
    pub(crate) fn is_constant(&self) -> bool {
        !matches!(
            self,
            IpsOption::Base64Data
                | IpsOption::Base64Decode(_)
                | IpsOption::Flowbits(_)
                | IpsOption::Pcre(_)
                | IpsOption::SdPattern(_)
                | IpsOption::StreamReassemble(_)
        )
    }

    /// Bytes that an evaluation at the cursor may read, if they can be many. Contents and
    /// expressions are accounted for by `detection`.
    pub(crate) fn reads(&self, cursor: &Cursor<'_>) -> usize {
        match self {
            IpsOption::Digest(o) => o.length(),
            IpsOption::Base64Decode(_) | IpsOption::Cvs(_) | IpsOption::SdPattern(_) => {
                cursor.data.len()
            }
            _ => 0,
        }
    }

    /// Evaluates the option at the cursor, moving it. Contents and expressions that may be
    /// tried again, and what changes the buffer, are evaluated by `detection`.
    pub(crate) fn evaluate(&self, cursor: &mut Cursor<'_>, context: &mut Context<'_, '_>) -> bool {
        let packet = context.unit.packet;
        match self {
            IpsOption::BerData(o) => o.evaluate(cursor),
            IpsOption::BerSkip(o) => o.evaluate(cursor),
            IpsOption::Bufferlen(o) => o.evaluate(cursor),
            IpsOption::ByteExtract(o) => o.evaluate(cursor, context.unit),
            IpsOption::ByteJump(o) => o.evaluate(cursor, context.unit),
            IpsOption::ByteMath(o) => o.evaluate(cursor, context.unit),
            IpsOption::ByteTest(o) => o.evaluate(cursor, context.unit),
            IpsOption::Cvs(o) => o.evaluate(cursor),
            IpsOption::DceIface(o) => o.evaluate(context.unit),
            IpsOption::DceOpnum(o) => o.evaluate(context.unit),
            IpsOption::Digest(o) => o.evaluate(cursor),
            IpsOption::Dsize(o) => o.evaluate(context.unit),
            IpsOption::FileType(o) => o.evaluate(context.unit),
            IpsOption::Flags(o) => o.evaluate(packet),
            IpsOption::Flow(o) => o.evaluate(context.unit),
            IpsOption::Flowbits(o) => o.evaluate(context.flowbits),
            IpsOption::Fragbits(o) => o.evaluate(packet),
            IpsOption::HttpFieldTest(o) => o.evaluate(context.unit),
            IpsOption::HttpNumber(o) => o.evaluate(context.unit),
            IpsOption::HttpVersionMatch(o) => o.evaluate(context.unit),
            IpsOption::Icmp(o) => o.evaluate(packet),
            IpsOption::Ip(o) => o.evaluate(packet),
            IpsOption::IpProto(o) => o.evaluate(packet),
            IpsOption::Ipopts(o) => o.evaluate(packet),
            IpsOption::Isdataat(o) => o.evaluate(cursor),
            IpsOption::PktNum(o) => o.evaluate(context.unit),
            IpsOption::Rpc(o) => o.evaluate(context.unit),
            IpsOption::SdPattern(o) => o.evaluate(cursor, context),
            IpsOption::SipMethod(o) => o.evaluate(context.unit),
            IpsOption::SipStatCode(o) => o.evaluate(context.unit),
            IpsOption::Ssl(o) => o.evaluate(context.unit),
            IpsOption::StreamSize(o) => o.evaluate(context.unit),
            IpsOption::Tcp(o) => o.evaluate(packet),
            IpsOption::Wscale(o) => o.evaluate(packet),
            // Evaluated by detection.
            IpsOption::Base64Data
            | IpsOption::Base64Decode(_)
            | IpsOption::Buffer(_)
            | IpsOption::Content(_)
            | IpsOption::Pcre(_)
            | IpsOption::StreamReassemble(_) => false,
        }
    }
}

/// The reason for an option that is valid in Snort and not built here.
pub(crate) fn not_built(name: &'static str) -> Reason {
    Reason::Inactive(Needs::Option(name))
}
