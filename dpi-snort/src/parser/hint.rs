//! "Did you mean …": the known word nearest to one that is not known.

use super::{HeaderError, Reason, RuleError, SyntaxError};
use crate::ips_options::OptionError;

const ACTIONS: &[&str] = &[
    "alert", "block", "drop", "log", "pass", "react", "reject", "rewrite",
];

/// Variables of a stock configuration.
const VARIABLES: &[&str] = &[
    "DNS_SERVERS",
    "EXTERNAL_NET",
    "FILE_DATA_PORTS",
    "FTP_PORTS",
    "FTP_SERVERS",
    "HOME_NET",
    "HTTP_PORTS",
    "HTTP_SERVERS",
    "MAIL_PORTS",
    "ORACLE_PORTS",
    "SIP_PORTS",
    "SIP_SERVERS",
    "SMTP_SERVERS",
    "SQL_SERVERS",
    "SSH_PORTS",
    "SSH_SERVERS",
    "TELNET_SERVERS",
];

/// Options of Snort 3.
const OPTIONS: &[&str] = &[
    "ack",
    "appids",
    "base64_data",
    "base64_decode",
    "ber_data",
    "ber_skip",
    "bufferlen",
    "byte_extract",
    "byte_jump",
    "byte_math",
    "byte_test",
    "cip_attribute",
    "cip_class",
    "cip_conn_path_class",
    "cip_instance",
    "cip_req",
    "cip_rsp",
    "cip_service",
    "cip_status",
    "classtype",
    "content",
    "cvs",
    "dce_iface",
    "dce_opnum",
    "dce_stub_data",
    "detection_filter",
    "dnp3_data",
    "dnp3_func",
    "dnp3_ind",
    "dnp3_obj",
    "dsize",
    "enable",
    "file_data",
    "file_meta",
    "file_type",
    "flags",
    "flow",
    "flowbits",
    "fragbits",
    "fragoffset",
    "gid",
    "gtp_info",
    "gtp_type",
    "gtp_version",
    "http_client_body",
    "http_cookie",
    "http_header",
    "http_header_test",
    "http_max_header_line",
    "http_max_trailer_line",
    "http_method",
    "http_num_cookies",
    "http_num_headers",
    "http_num_trailers",
    "http_param",
    "http_raw_body",
    "http_raw_cookie",
    "http_raw_header",
    "http_raw_request",
    "http_raw_status",
    "http_raw_trailer",
    "http_raw_uri",
    "http_stat_code",
    "http_stat_msg",
    "http_trailer",
    "http_trailer_test",
    "http_true_ip",
    "http_uri",
    "http_version",
    "http_version_match",
    "icmp_id",
    "icmp_seq",
    "icode",
    "id",
    "ip_proto",
    "ipopts",
    "isdataat",
    "itype",
    "js_data",
    "md5",
    "metadata",
    "mms_data",
    "mms_func",
    "modbus_data",
    "modbus_func",
    "modbus_unit",
    "msg",
    "pcre",
    "pkt_data",
    "pkt_num",
    "priority",
    "raw_data",
    "reference",
    "regex",
    "rem",
    "replace",
    "rev",
    "rpc",
    "sd_pattern",
    "seq",
    "service",
    "sha256",
    "sha512",
    "sid",
    "sip_body",
    "sip_header",
    "sip_method",
    "sip_stat_code",
    "ssl_state",
    "ssl_version",
    "stream_reassemble",
    "stream_size",
    "tag",
    "target",
    "tos",
    "ttl",
    "urg",
    "vba_data",
    "window",
    "wscale",
];

const NUMBER_FORMATS: &[&str] = &[
    "align",
    "big",
    "bitmask",
    "bytes",
    "dce",
    "dec",
    "endian",
    "from_beginning",
    "from_end",
    "hex",
    "little",
    "multiplier",
    "oct",
    "offset",
    "oper",
    "post_offset",
    "relative",
    "result",
    "rvalue",
    "string",
];

/// Words that stand as arguments of an option.
const ARGUMENTS: &[(&str, &[&str])] = &[
    (
        "content",
        &[
            "depth",
            "distance",
            "fast_pattern",
            "fast_pattern_length",
            "fast_pattern_offset",
            "nocase",
            "offset",
            "within",
        ],
    ),
    (
        "flow",
        &[
            "established",
            "from_client",
            "from_server",
            "no_frag",
            "no_stream",
            "not_established",
            "only_frag",
            "only_stream",
            "stateless",
            "to_client",
            "to_server",
        ],
    ),
    (
        "flowbits",
        &["isnotset", "isset", "noalert", "set", "unset"],
    ),
    ("byte_extract", NUMBER_FORMATS),
    ("byte_jump", NUMBER_FORMATS),
    ("byte_math", NUMBER_FORMATS),
    ("byte_test", NUMBER_FORMATS),
    ("base64_decode", &["bytes", "offset", "relative"]),
    ("bufferlen", &["relative"]),
    ("isdataat", &["relative"]),
    (
        "detection_filter",
        &["by_dst", "by_src", "count", "seconds", "track"],
    ),
    (
        "http_uri",
        &["fragment", "host", "path", "port", "query", "scheme"],
    ),
    (
        "http_raw_uri",
        &["fragment", "host", "path", "port", "query", "scheme"],
    ),
    ("http_header", &["field", "request"]),
    ("http_raw_header", &["field", "request"]),
    ("http_param", &["nocase"]),
    ("stream_size", &["both", "either", "to_client", "to_server"]),
];

impl RuleError {
    /// What was probably meant, if a known word is near.
    pub fn hint(&self) -> Option<String> {
        let near = match &self.reason {
            Reason::Option(OptionError::Unknown) => nearest(self.option.as_deref()?, OPTIONS),
            Reason::Option(
                OptionError::UnknownArgument { found } | OptionError::BadValue { found, .. },
            ) => {
                let option = self.option.as_deref()?;
                let row = ARGUMENTS.iter().find(|(name, _)| *name == option);
                nearest(found.split_whitespace().next()?, row?.1)
            }
            Reason::Syntax(SyntaxError::UnknownAction { found }) => nearest(found, ACTIONS),
            Reason::Header(HeaderError::UnknownVariable { name }) => nearest(name, VARIABLES),
            Reason::Header(HeaderError::Direction { found }) if **found == *"<-" => {
                return Some("swap the two sides and write ->".to_owned());
            }
            _ => None,
        };
        near.map(|word| format!("did you mean {word}?"))
    }
}

/// The known word that is at most two slips away, and less than half of the word.
fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let word = word.trim_start_matches('!');
    if word.is_empty() || word.len() > 40 {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let scored = known.iter().map(|candidate| {
        let slips = slips(lower.as_bytes(), candidate.to_ascii_lowercase().as_bytes());
        (slips, *candidate)
    });
    let (slips, best) = scored.min()?;
    (slips <= 2 && slips.saturating_mul(2) < word.len().max(2)).then_some(best)
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn slips(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i.saturating_add(1)];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&row, j).saturating_add(usize::from(x != y));
            let inserted = at(&next, j).saturating_add(1);
            let deleted = at(&row, j.saturating_add(1)).saturating_add(1);
            let mut least = replaced.min(inserted).min(deleted);
            let swapped = i.checked_sub(1).and_then(|i| a.get(i)) == Some(y)
                && j.checked_sub(1).and_then(|j| b.get(j)) == Some(x);
            if let (true, Some(j)) = (swapped, j.checked_sub(1)) {
                least = least.min(at(&before, j).saturating_add(1));
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::{Variables, parse_text};
    use super::*;

    #[test]
    fn slips_are_counted() {
        for (a, b, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("content", "content", 0),
            ("contnet", "content", 1),
            ("contet", "content", 1),
            ("kontent", "content", 1),
            ("abc", "cba", 2),
        ] {
            assert_eq!(slips(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }

    #[test]
    fn hints() {
        let rule = |options: &str| format!("alert tcp any any -> any any ({options}; sid:1;)");
        for (text, expected) in [
            (rule("contnet:\"a\""), Some("did you mean content?")),
            (rule("CONTENT:\"a\""), Some("did you mean content?")),
            (rule("http_url"), Some("did you mean http_uri?")),
            (rule("quite_another:1"), None),
            (rule("content:\"a\",nocas"), Some("did you mean nocase?")),
            (rule("content:\"a\",dept 5"), Some("did you mean depth?")),
            (rule("flow:to_sever"), Some("did you mean to_server?")),
            (rule("content:\"a\",quite"), None),
            (
                "alrt tcp any any -> any any (sid:1;)".to_owned(),
                Some("did you mean alert?"),
            ),
            (
                "alert tcp $HOMENET any -> any any (sid:1;)".to_owned(),
                Some("did you mean HOME_NET?"),
            ),
            (
                "alert tcp any any <- any any (sid:1;)".to_owned(),
                Some("swap the two sides and write ->"),
            ),
        ] {
            let (_, errors) = parse_text(text.as_bytes(), "a.rules", &Variables::stock());
            assert_eq!(errors[0].hint().as_deref(), expected, "{text}");
        }
    }
}
