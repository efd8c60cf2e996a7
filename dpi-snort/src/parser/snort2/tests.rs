//! Options of Snort 2, and what they are in Snort 3.

use super::super::{Dialect, RuleReader, RuleText, Surroundings, Variables};

/// Keeps the canonical text of the rule.
#[derive(Default)]
struct Printed(Vec<String>);

impl Surroundings for Printed {
    fn include(&mut self, _: &str, _: &str) -> Result<(String, Vec<u8>), String> {
        Err(String::new())
    }

    fn rule(&mut self, rule: &RuleText<'_>) {
        self.0
            .push(String::from_utf8_lossy(&rule.canonical()).into_owned());
    }
}

/// The rule in the words of Snort 3, or what is wrong with it: column, option, reason.
fn read(dialect: Dialect, rule: &str) -> Result<String, String> {
    let mut printed = Printed::default();
    let mut reader = RuleReader::new(dialect, &Variables::stock());
    reader.read("a.rules", rule.as_bytes(), &mut printed);
    let (_, errors) = reader.into_parts();
    match (printed.0.pop(), errors.first()) {
        (Some(text), _) => Ok(text),
        (None, Some(error)) => Err(error.to_string()),
        (None, None) => Err("nothing".to_owned()),
    }
}

fn translated(options: &str) -> Result<String, String> {
    let rule = format!("alert tcp any any -> any any ({options};)");
    let text = read(Dialect::Snort2, &rule)?;
    let body = text.strip_prefix("alert tcp any any -> any any (").unwrap();
    Ok(body.strip_suffix(";)").unwrap().to_owned())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn options_change_their_form() {
    for (old, new) in [
        (
            r#"content:"a"; nocase; offset:2; depth:9"#,
            r#"content:"a",nocase,offset 2,depth 9"#,
        ),
        (
            r#"content:"a",offset 2; nocase"#,
            r#"content:"a",offset 2,nocase"#,
        ),
        (
            r#"content:!"a"; distance:-1; within: 5"#,
            r#"content:!"a",distance -1,within 5"#,
        ),
        // A modifier belongs to the last content, however far in front it stands.
        (
            r#"content:"a"; isdataat:5; nocase"#,
            r#"content:"a",nocase; isdataat:5"#,
        ),
        (
            r#"content:"ab"; fast_pattern"#,
            r#"content:"ab",fast_pattern"#,
        ),
        (
            r#"content:"ab"; fast_pattern:only"#,
            r#"content:"ab",fast_pattern,nocase"#,
        ),
        (
            r#"content:"ab"; nocase; fast_pattern:only"#,
            r#"content:"ab",nocase,fast_pattern"#,
        ),
        (
            r#"content:"abc"; fast_pattern:1,2"#,
            r#"content:"abc",fast_pattern,fast_pattern_offset 1,fast_pattern_length 2"#,
        ),
        (
            r#"uricontent:!"a"; nocase"#,
            r#"http_uri; content:!"a",nocase"#,
        ),
        // Each content has its own buffer; without one it is back on the packet.
        (
            r#"content:"a"; http_uri; content:"b"; http_uri; distance:0; content:"c""#,
            r#"http_uri; content:"a"; content:"b",distance 0; pkt_data; content:"c""#,
        ),
        (
            r#"content:"a"; rawbytes; content:"b""#,
            r#"raw_data; content:"a"; pkt_data; content:"b""#,
        ),
        // file_data holds for all behind it that name no other.
        (
            r#"file_data:mime; content:"a"; content:"b"; http_header; content:"c""#,
            r#"file_data; content:"a"; http_header; content:"b"; file_data; content:"c""#,
        ),
        (r#"pcre:"/a\/b/Ui""#, r#"http_uri; pcre:"/a\/b/i""#),
        (r#"pcre:!"m#a#RP""#, r#"http_client_body; pcre:!"m#a#R""#),
        (
            r#"content:"a"; http_uri; pcre:"/^b/UR""#,
            r#"http_uri; content:"a"; pcre:"/^b/R""#,
        ),
        (r#"pcre:"/a/B""#, r#"raw_data; pcre:"/a/""#),
        // The length of the URI moves no cursor, so it is asked for last.
        (
            r#"content:"a"; urilen:5<>9; content:"b"; distance:0"#,
            r#"content:"a"; content:"b",distance 0; http_raw_uri; bufferlen:5<=>9"#,
        ),
        ("urilen: > 5, norm", "http_uri; bufferlen:>5"),
        (
            r#"content:"a"; isdataat:!5,relative,rawbytes"#,
            r#"content:"a"; raw_data; isdataat:!5,relative"#,
        ),
        ("dsize:3<>9", "dsize:3<=>9"),
        ("dsize: > 3", "dsize:>3"),
        ("ttl:3-9", "ttl:3<=>9"),
        ("ttl:-9", "ttl:<=9"),
        ("ttl:3-", "ttl:>=3"),
        ("ttl:>=3", "ttl:>=3"),
        ("itype:3<>9", "itype:3<>9"),
        ("tag:session,10,packets", "tag:session,packets 10"),
        (
            "tag:host,0,packets,60,seconds,dst",
            "tag:host_dst,seconds 60",
        ),
        ("stream_size:client,>,5", "stream_size:>5,to_server"),
        ("stream_size:server,!=,5", "stream_size:!=5,to_client"),
        (
            "metadata:policy a b, service http, service dns",
            "metadata:policy a b; service:http,dns",
        ),
        ("metadata:service http", "service:http"),
        (
            "dce_iface:4b324fc8-1670-01d3-1278-5a47bf6ee188, <2, any_frag",
            "dce_iface:uuid 4b324fc8-1670-01d3-1278-5a47bf6ee188,version <2,any_frag",
        ),
        ("dce_opnum:5", r#"dce_opnum:"5""#),
        ("flowbits:isset,a|b", "flowbits:isset,a|b"),
        (
            "byte_test:4, >, 10, 0, relative",
            "byte_test:4,>,10,0,relative",
        ),
        (
            "threshold:type limit,track by_src,count 1,seconds 60; sid:1",
            "sid:1",
        ),
    ] {
        assert_eq!(translated(old).as_deref(), Ok(new), "{old}");
    }
}

#[test]
fn what_has_no_meaning_is_refused() {
    for (old, reason) in [
        ("nocase", "1:31: nocase: no content stands in front of it"),
        (
            r#"offset:5; content:"a""#,
            "1:31: offset: no content stands in front of it",
        ),
        (
            r#"content:"a"; http_uri; http_header"#,
            "1:54: http_header: http_header cannot stand with another buffer of the same content",
        ),
        (
            r#"pcre:"/a/UH""#,
            "1:31: pcre: http_uri cannot stand with http_header",
        ),
        (
            "sameip",
            "1:31: sameip: no meaning in Snort 3: no option compares the two addresses",
        ),
        (
            "flowbits:toggle,a",
            "1:31: flowbits: no meaning in Snort 3: write two rules: isset with unset, isnotset with set",
        ),
        (
            "flowbits:set,a,g",
            "1:31: flowbits: no meaning in Snort 3: Snort 3 has no groups of flowbits: name the bits",
        ),
        (
            "metadata:engine shared, soid 3|1",
            "1:31: metadata: the shared object of a `soid` rule does not exist here",
        ),
        (
            r#"content:"abc"; depth:2"#,
            "1:31: content: depth must be 3 to 65535, not 2",
        ),
        ("urilen:5,both", "1:31: urilen: unknown argument \"both\""),
        (
            r#"content:"a"; http_uri:1"#,
            "1:44: http_uri: unknown argument \"1\"",
        ),
        (
            r#"content:"a"; depth"#,
            "1:44: depth: missing argument: number",
        ),
    ] {
        let expected = format!("a.rules:{reason}");
        assert_eq!(translated(old), Err(expected), "{old}");
    }
}

#[test]
fn old_actions() {
    for (action, expected) in [
        ("drop", Ok("block (sid:1;)")),
        ("sdrop", Ok("block (sid:1;)")),
        ("reject", Ok("reject (sid:1;)")),
        (
            "activate",
            Err("a.rules:1:1: the action \"activate\" does not exist in Snort 3: use flowbits"),
        ),
    ] {
        let found = read(Dialect::Snort2, &format!("{action} (sid:1;)"));
        let found = found.as_deref().map_err(String::as_str);
        assert_eq!(found, expected, "{action}");
    }
}

#[test]
fn each_rule_is_read_in_its_own_dialect() {
    let rule = |options: &str| format!("drop tcp any any -> any any ({options}; sid:1;)");
    for (options, old) in [
        (r#"content:"a",nocase"#, false),
        (r#"http_uri; content:"a""#, false),
        (r#"content:"a"; http_uri; content:"b""#, false),
        (r#"content:"a"; http_uri"#, true),
        (r#"content:"a"; nocase"#, true),
        (r#"pcre:"/a/U""#, true),
        (r#"content:"a"; metadata:service http"#, true),
        // It names its buffers in the way of Snort 3, so it is none of Snort 2.
        (r#"http_uri; content:"a"; metadata:service http"#, false),
        ("ttl:3-9", true),
        ("ttl:3<>9", false),
        ("stream_size:>5,to_server", false),
        ("stream_size:client,>,5", true),
        ("tag:session,packets 5", false),
        ("dce_iface:uuid 4b324fc8-1670-01d3-1278-5a47bf6ee188", false),
    ] {
        let found = read(Dialect::Auto, &rule(options)).unwrap();
        // Only in Snort 2 does `drop` end the session.
        assert_eq!(found.starts_with("block"), old, "{options}: {found}");
    }
    // What neither dialect takes is told in the words of the one that was meant.
    let reason = read(Dialect::Auto, &rule("sameip")).unwrap_err();
    assert!(reason.contains("no option compares"), "{reason}");
    let reason = read(Dialect::Snort3, &rule(r#"content:"a"; nocase"#)).unwrap_err();
    assert!(reason.contains("write it inside the content"), "{reason}");
    let marked = "\u{feff}alert tcp any any -> any any (sid:1;)";
    assert!(read(Dialect::Auto, marked).is_ok());
    assert!(read(Dialect::Snort3, marked).is_err());
}

#[test]
fn variables_of_a_file_hold_from_there_on() {
    let text = "ipvar IN 10.0.0.0/8\nportvar P 80\nconfig x\n\
                alert tcp $IN any -> any $P (content:\"a\"; nocase; sid:1;)";
    for (dialect, rules, errors) in [
        (Dialect::Snort2, 1, 0),
        (Dialect::Auto, 1, 0),
        (Dialect::Snort3, 0, 3),
    ] {
        let mut reader = RuleReader::new(dialect, &Variables::none());
        reader.read("a.rules", text.as_bytes(), &mut Printed::default());
        let warned = reader.warnings.len();
        let (found, failed) = reader.into_parts();
        assert_eq!((found.len(), failed.len()), (rules, errors), "{failed:?}");
        assert_eq!(warned, rules, "{dialect:?}");
    }
}
