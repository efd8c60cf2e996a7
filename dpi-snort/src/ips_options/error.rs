//! What can be wrong with an option.

use dpi_match::pcre::CompileError;
use thiserror::Error;

/// Why an option is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum OptionError {
    #[error("unknown option")]
    Unknown,
    #[error("unknown option; {instead}")]
    Gone { instead: &'static str },
    #[error("no meaning in Snort 3: {instead}")]
    NoMeaning { instead: &'static str },
    #[error("may stand once in a rule")]
    Repeated,
    #[error("unknown argument {found:?}")]
    UnknownArgument { found: Box<str> },
    #[error("{argument} needs a value")]
    MissingValue { argument: &'static str },
    #[error("missing argument: {argument}")]
    Missing { argument: &'static str },
    #[error("{found:?} is no value for {argument}")]
    BadValue {
        argument: &'static str,
        found: Box<str>,
    },
    #[error("{argument} must be {min} to {max}, not {found}")]
    OutOfRange {
        argument: &'static str,
        found: Box<str>,
        min: i64,
        max: i64,
    },
    #[error("range {low}<>{high}: the first end must not be above the second")]
    EmptyRange { low: i64, high: i64 },
    #[error("{a} cannot stand with {b}")]
    Conflict { a: &'static str, b: &'static str },
    #[error("flow cannot be checked in icmp rules")]
    FlowOfIcmp,
    #[error("no content stands in front of it")]
    NoContent,
    #[error("empty content")]
    EmptyContent,
    #[error("bad byte code at {at}")]
    ByteCode { at: usize },
    #[error("unclosed | in a content")]
    UnclosedHex,
    #[error(
        "fast_pattern_offset {offset} and fast_pattern_length {length} exceed the content's {content} bytes"
    )]
    FastPattern {
        offset: usize,
        length: usize,
        content: usize,
    },
    #[error("unknown variable {name:?}: byte_extract or byte_math must set it before")]
    UnknownVariable { name: Box<str> },
    #[error("more than {max} variables in one rule")]
    TooManyVariables { max: usize },
    #[error("a variable's name begins with a letter, not {found:?}")]
    VariableName { found: Box<str> },
    #[error("{found:?} is not /expression/flags")]
    NotAnExpression { found: Box<str> },
    #[error("unknown flag {flag:?} of an expression")]
    ExpressionFlag { flag: char },
    #[error("`{0}`")]
    Expression(#[from] CompileError),
    #[error("this option cannot be negated")]
    Negated,
    #[error("bitmask {mask:#x} is wider than {bytes} bytes")]
    Bitmask { mask: u32, bytes: u32 },
    #[error("a shift by {by} is not below 32 bits")]
    Shift { by: u32 },
    #[error("a negative offset needs `relative`")]
    NegativeOffset,
    #[error("base64_decode must stand before base64_data")]
    NothingDecoded,
    #[error("{found:?} is not a digest of {bytes} bytes, so `length` is needed")]
    DigestLength { found: Box<str>, bytes: usize },
    #[error("the state of a rule is set by a text without detection options")]
    StateStub,
    #[error("rules with gid {gid} stand for built-in events and take no detection options")]
    BuiltinWithOptions { gid: u32 },
    #[error("the shared object of a `soid` rule does not exist here")]
    SharedObject,
    #[error("body and trailer cannot be searched by one rule")]
    BodyAndTrailer,
    #[error("more than {max} flowbits in all rules (max_flowbits)")]
    TooManyFlowbits { max: usize },
    #[error("it defines a file type: it belongs in a rule that begins with file_id")]
    FileMeta,
    #[error("no such header field: {found:?}")]
    HeaderField { found: Box<str> },
}
