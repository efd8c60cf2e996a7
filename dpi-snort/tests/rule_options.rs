//! What each rule option matches: (options, payload, matches?) on a UDP packet.

#[path = "common/mod.rs"]
mod common;

use common::{compile, sids_of};

/// Evaluates each row by the fast path and by the naive evaluator.
fn check(rows: &[(&str, &[u8], bool)]) {
    for (options, payload, expected) in rows {
        let detection = compile(&format!("alert udp any any -> any any ({options}; sid:1;)"));
        let (fast, naive) = sids_of(&detection, payload, None);
        let text = String::from_utf8_lossy(payload);
        assert_eq!(fast == [1], *expected, "{options} on {text:?}");
        assert_eq!(
            fast, naive,
            "{options} on {text:?}: fast path and oracle differ"
        );
    }
}

#[test]
fn content() {
    check(&[
        (r#"content:"abc""#, b"xxabcxx", true),
        (r#"content:"abc""#, b"xxABCxx", false),
        (r#"content:"abc",nocase"#, b"xxABCxx", true),
        (r#"content:!"abc""#, b"xxabdxx", true),
        (r#"content:!"abc""#, b"xxabcxx", false),
        (r#"content:!"abc""#, b"", true),
        (r#"content:"|61 62|c""#, b"abc", true),
        (r#"content:"|4|""#, b"\x04", true),
        (r#"content:"a\;b""#, b"a;b", true),
        (r#"content:"abc",offset 2"#, b"xxabc", true),
        (r#"content:"abc",offset 3"#, b"xxabc", false),
        (r#"content:"abc",depth 3"#, b"abcx", true),
        (r#"content:"abc",depth 3"#, b"xabc", false),
        (r#"content:"abc",offset 1,depth 3"#, b"xabc", true),
        (r#"content:"abc",offset 1,depth 3"#, b"xxabc", false),
        (r#"content:"a"; content:"b",distance 0"#, b"ab", true),
        (r#"content:"a"; content:"b",distance 0"#, b"ba", false),
        (r#"content:"a"; content:"b",distance 1"#, b"ab", false),
        (r#"content:"a"; content:"b",distance 1"#, b"axb", true),
        (r#"content:"a"; content:"b",within 1"#, b"ab", true),
        (r#"content:"a"; content:"b",within 1"#, b"axb", false),
        (r#"content:"b"; content:"a",distance -2"#, b"ab", true),
        (r#"content:"abc",within 3"#, b"abc", true),
        (r#"content:"abc",within 3"#, b"xabc", false),
    ]);
}

#[test]
fn contents_are_tried_again() {
    check(&[
        (r#"content:"a"; content:"b",within 1"#, b"axab", true),
        (r#"content:"aa"; content:"b",within 1"#, b"aaab", true),
        (r#"content:"a"; content:!"b",within 1"#, b"abac", true),
        (r#"content:"a"; content:!"b",within 1"#, b"abab", false),
        (
            r#"content:"a"; content:"b",within 1; content:"c",within 1"#,
            b"abxabc",
            true,
        ),
        (
            r#"content:"a"; content:"b"; content:"c",distance 0"#,
            b"bcxa",
            true,
        ),
        (r#"pcre:"/a./"; content:"b",within 1"#, b"axxayb", true),
        (r#"pcre:"/a./"; content:"b",within 1"#, b"axxayyb", false),
    ]);
}

#[test]
fn pcre() {
    check(&[
        (r#"pcre:"/a.c/""#, b"xabcx", true),
        (r#"pcre:"/a.c/""#, b"xa\ncx", false),
        (r#"pcre:"/a.c/s""#, b"xa\ncx", true),
        (r#"pcre:"/ABC/i""#, b"abc", true),
        (r#"pcre:!"/abc/""#, b"abc", false),
        (r#"pcre:!"/abc/""#, b"abd", true),
        (r#"content:"a"; pcre:"/^b/R""#, b"xab", true),
        (r#"content:"a"; pcre:"/^b/R""#, b"xaxb", false),
        (r#"content:"a"; pcre:"/^b/R""#, b"axab", true),
        (r#"pcre:"m#a/c#""#, b"a/c", true),
    ]);
}

#[test]
fn byte_options() {
    check(&[
        ("byte_test:2,=,258,0", b"\x01\x02", true),
        ("byte_test:2,=,258,0,little", b"\x02\x01", true),
        ("byte_test:2,>,258,0", b"\x01\x02", false),
        ("byte_test:2,!=,1,0", b"\x01", false),
        ("byte_test:4,=,1234,0,string,dec", b"1234", true),
        ("byte_test:1,&,2,0", b"\x03", true),
        ("byte_test:1,!&,2,0", b"\x01", true),
        (r#"byte_jump:1,0; content:"b",within 1"#, b"\x02xxb", true),
        (r#"byte_jump:1,0; content:"b",within 1"#, b"\x01xxb", false),
        ("byte_jump:1,0; isdataat:!0,relative", b"\x02xx", true),
        ("byte_jump:1,0", b"\x03xx", false),
        (
            r#"byte_extract:1,0,n; content:"b",offset n"#,
            b"\x02xb",
            true,
        ),
        (
            r#"byte_extract:1,0,n; content:"b",offset n"#,
            b"\x03bx",
            false,
        ),
        (
            r#"byte_math:bytes 1,offset 0,oper +,rvalue 1,result n; content:"b",offset n"#,
            b"\x01xb",
            true,
        ),
        ("isdataat:9", b"0123456789", true),
        ("isdataat:10", b"0123456789", false),
        ("isdataat:!10", b"0123456789", true),
    ]);
}

#[test]
fn buffers_and_lengths() {
    check(&[
        ("dsize:3", b"abc", true),
        ("dsize:<3", b"abc", false),
        ("dsize:2<>4", b"abc", true),
        ("dsize:3<>5", b"abc", false),
        ("dsize:3<=>5", b"abc", true),
        ("bufferlen:3", b"abc", true),
        (r#"raw_data; content:"b""#, b"abc", true),
        (r#"raw_data; content:!"x""#, b"abc", true),
        (r#"file_data; content:!"x""#, b"abc", false),
        (r#"http_uri; content:"b""#, b"abc", false),
        (
            r#"base64_decode:bytes 8; base64_data; content:"abc""#,
            b"YWJj",
            true,
        ),
        (
            r#"base64_decode:bytes 8; base64_data; content:"abd""#,
            b"YWJj",
            false,
        ),
        (
            r#"base64_decode:bytes 8; base64_data; content:"b"; pkt_data; content:"YWJj""#,
            b"YWJj",
            true,
        ),
    ]);
}

#[test]
fn headers() {
    check(&[
        ("ttl:64", b"", true),
        ("ttl:<64", b"", false),
        ("ttl:!=64", b"", false),
        ("id:7", b"", true),
        ("tos:0", b"", true),
        ("ip_proto:17", b"", true),
        ("ip_proto:!17", b"", false),
        ("fragbits:!D", b"", true),
        ("itype:8", b"", false),
        ("flags:S", b"", false),
        ("flow:to_server", b"", true),
        ("flow:to_client", b"", false),
        ("flow:to_server,established", b"", true),
        ("flow:stateless", b"", true),
        ("flow:only_stream", b"", false),
        ("flow:no_stream", b"", true),
    ]);
}

#[test]
fn flowbits_within_one_packet() {
    let rules = r#"
        alert udp any any -> any any (content:"first"; flowbits:set,seen; flowbits:noalert; sid:1;)
        alert udp any any -> any any (content:"second"; flowbits:isset,seen; sid:2;)
        alert udp any any -> any any (content:"second"; flowbits:isnotset,other; sid:3;)
        alert udp any any -> any any (content:"second"; flowbits:isset,seen&other; sid:4;)
        alert udp any any -> any any (content:"second"; flowbits:isset,seen|other; sid:5;)
    "#;
    let detection = compile(rules);
    assert_eq!(sids_of(&detection, b"first second", None).0, [2, 3, 5]);
    assert_eq!(sids_of(&detection, b"second", None).0, [3]);
}

#[test]
fn service_or_port() {
    let rules = r#"
        alert tcp any any -> any any (content:"x"; sid:1;)
        alert udp any any -> any 2000 (content:"x"; sid:2;)
        alert udp any any -> any 2001 (content:"x"; sid:3;)
        alert udp any any -> any 2001 (content:"x"; service:dns; sid:4;)
        alert udp any any -> any 2000 (content:"x"; service:dns; sid:5;)
        alert dns (content:"x"; sid:6;)
        alert udp any 1000 <> any any (content:"x"; sid:7;)
        alert udp any any <> any 1000 (content:"x"; sid:8;)
        alert ip any any -> [10.0.0.0/8,!10.0.0.2] any (content:"x"; sid:9;)
    "#;
    let detection = compile(rules);
    for (service, expected) in [
        (None, vec![2, 5, 7, 8]),
        (Some("dns"), vec![2, 4, 5, 6, 7, 8]),
        (Some("sip"), vec![2, 7, 8]),
    ] {
        let (fast, naive) = sids_of(&detection, b"x", service);
        assert_eq!(fast, expected, "{service:?}");
        assert_eq!(fast, naive, "{service:?}");
    }
}

#[test]
fn actions_and_order() {
    let rules = r#"
        alert udp any any -> any any (content:"x"; priority:3; sid:1;)
        alert udp any any -> any any (content:"x"; priority:1; sid:2;)
        log udp any any -> any any (content:"x"; sid:3;)
        drop udp any any -> any any (content:"x"; sid:4;)
        pass udp any any -> any any (content:"quiet"; sid:5;)
    "#;
    let detection = compile(rules);
    assert_eq!(sids_of(&detection, b"x", None).0, [2, 1, 4]);
    assert_eq!(sids_of(&detection, b"x quiet", None).0, Vec::<u32>::new());
}
