//! Entries for fuzzers: plain functions that take any bytes and panic only if a promise is
//! broken. Fuzz targets call them, and so do tests with every input kept so far.
//!
//! `rules` reads the bytes as rules, `options` as the options of one rule and a payload, `pcre`
//! as the argument of one `pcre` option and a payload, `frame` as frames, `stream` as what the
//! ends of a connection send, `dce`, `http`, `http2`, `mail`, `sip`, `smb`, `ssl` and `websocket` as a connection
//! already reassembled, `wizard` as the first bytes of one, cut and whole.
//! `both_ways` runs frames through an engine with fast patterns and one that tries every rule:
//! they must agree.

use std::sync::LazyLock;

use crate::parser::Variables;

mod both_ways;
mod frame;
mod options;
mod rules;
mod stream;

pub use self::{
    frame::frames,
    options::{options, pcre},
    rules::rules,
    stream::stream,
};
pub use crate::service_inspectors::{
    dce::fuzz_dce as dce, http::fuzz_http as http, http2::fuzz_http2 as http2,
    mail::fuzz_mail as mail, sip::fuzz_sip as sip, smb::fuzz_smb as smb, ssl::fuzz_ssl as ssl,
    websocket::fuzz_websocket as websocket, wizard::fuzz_wizard as wizard,
};

/// Variables of every text: to make them takes longer than to read a rule.
static STOCK: LazyLock<Variables> = LazyLock::new(Variables::stock);
