//! Printing a rule and reading it again gives the same rule; printing that gives the same
//! text. On made rules, and on the community rules of the shared data.
#![expect(
    clippy::print_stdout,
    reason = "what was skipped or compared is printed for the record"
)]

use dpi_snort::parser::{
    Dialect, Origin, Rule, RuleReader, RuleText, Surroundings, Variables, parse_text,
};
use proptest::prelude::*;

/// Canonical texts of what was read.
#[derive(Default)]
struct Printed(Vec<Vec<u8>>);

impl Surroundings for Printed {
    fn include(&mut self, _: &str, _: &str) -> Result<(String, Vec<u8>), String> {
        Err("none".to_owned())
    }

    fn rule(&mut self, rule: &RuleText<'_>) {
        self.0.push(rule.canonical());
    }
}

/// The rules of a text, and their canonical texts, a line each.
fn read(text: &[u8], dialect: Dialect) -> (Vec<Rule>, Vec<u8>, Vec<String>) {
    let mut printed = Printed::default();
    let mut reader = RuleReader::new(dialect, &Variables::stock());
    reader.read("a.rules", text, &mut printed);
    let (rules, errors) = reader.into_parts();
    let mut lines = printed.0.join(&b'\n');
    lines.push(b'\n');
    let errors = errors.iter().map(ToString::to_string).collect();
    (rules, lines, errors)
}

/// All of a rule but its place.
fn meaning(rules: &[Rule]) -> Vec<String> {
    let rules = rules.iter().map(|rule| {
        let origin = Origin {
            file: "".into(),
            line: 0,
        };
        let rule = Rule {
            origin,
            ..rule.clone()
        };
        format!("{rule:?}")
    });
    rules.collect()
}

/// Reads, prints and reads again; returns how many rules there were.
fn round_trip(text: &[u8], dialect: Dialect) -> usize {
    let (rules, printed, _) = read(text, dialect);
    let shown = String::from_utf8_lossy(&printed);
    let (again, reprinted, errors) = read(&printed, Dialect::Snort3);
    let refused: Vec<_> = errors.iter().filter(|e| !e.contains("inactive")).collect();
    assert!(refused.is_empty(), "{refused:?} in {shown}");
    assert_eq!(meaning(&rules), meaning(&again), "{shown}");
    assert_eq!(shown, String::from_utf8_lossy(&reprinted));
    rules.len()
}

/// Blanks, comments and line ends that may stand between words.
fn gap() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        " ",
        "  ",
        "\t",
        "\n",
        "\r\n",
        " \\\n ",
        " # c\n",
        "/* c; ) */",
    ])
}

fn header() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "tcp any any -> any any",
        "TCP ANY ANY <> Any any",
        "udp $HOME_NET any -> !10.0.0.0/8 [53,1024:2000,!1500]",
        "tcp [10.0.0.1, 10.0.0.2 ,[!10.1.0.0/16,10.0.0.0/8]] any -> [ any ] $HTTP_PORTS",
        "tcp [fe80::1,::/0] :80 -> any 8000:",
        "icmp any any -> any any",
        "ip 1.2.3.4 any -> any any",
        "http",
        "smtp any any -> any any",
        "tcp any -> any",
        "file",
        "",
    ])
}

fn option() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "msg:\"a \\\"b\\\" \\\\ ; c\"",
        "msg:plain text",
        "msg : \"x\"",
        "content:\"abc\"",
        "content:!\"a|41 42|b\\;\" , nocase",
        "content:! \"abc\"",
        "content:\"abc\",offset 5,depth 8",
        "content:\"GET\",fast_pattern,fast_pattern_offset 1,fast_pattern_length 2",
        "content:\"abc\",distance -4,within 20",
        "pcre:\"/a\\x20b.*;?/i\"",
        "pcre:! \"m#a/b#R\"",
        "http_uri:path",
        "http_header:field user-agent , request",
        "http_param:\"a|20|b\",nocase",
        "file_data",
        "pkt_data",
        "byte_test:4, >, 1000, 20, relative,little",
        "byte_jump:2,0,multiplier 2,post_offset -3",
        "byte_extract:2,0,n,relative",
        "byte_math:bytes 2,offset 0,oper +,rvalue 5,result m",
        "isdataat:!10,relative",
        "bufferlen:3<=>10",
        "flow:to_server , established",
        "flowbits:set,a.b&c",
        "flowbits:noalert",
        "dsize:>100",
        "ttl:1<>9",
        "flags:+SA,CE",
        "fragbits:!MD",
        "itype:8",
        "metadata:a 1, b 2,impact_flag red",
        "reference:url,a.b/c?d(e)",
        "reference:cve,2020-1",
        "classtype:misc",
        "service:HTTP, smtp",
        "priority:3",
        "rev:0x10",
        "gid:3",
        "detection_filter:track by_src,count 3,seconds 0x3c",
        "tag:session,packets 10",
        "rem:\"a; b\"",
        "target:src_ip",
        "base64_decode:bytes 9,offset 1,relative; base64_data",
        "modbus_func:read_coils",
        "dce_opnum:\"5-9\"",
    ])
}

/// Forms of Snort 2.
fn old_option() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "content:\"abc\"; nocase; http_uri",
        "content:\"abc\"; offset:3; depth: 9",
        "content:\"d\"; distance:0; within:5; rawbytes",
        "uricontent:!\"abc\"",
        "content:\"xyz\"; fast_pattern:only",
        "content:\"uvwx\"; fast_pattern:1,2; http_header",
        "pcre:\"/a\\/b/iU\"",
        "pcre:!\"/a/RP\"",
        "urilen:5<>9,norm",
        "urilen: >5",
        "metadata:service http, policy x, service smtp",
        "threshold:type limit, track by_src, count 1, seconds 60",
        "ttl:10-20",
        "dsize:3<>9",
        "stream_size:client,>,5",
        "tag:host,10,packets,src",
        "file_data:mime",
        "isdataat:5,relative,rawbytes",
        "msg:\"m\"",
        "sid:5",
        "flow:to_server",
        "byte_test:1,=,0x61,5",
    ])
}

fn rule(options: Vec<&str>, gaps: &[&str], header: &str, last: bool) -> String {
    let mut gap = gaps.iter().cycle();
    let mut gap = || gap.next().copied().unwrap_or_default();
    let mut text = format!("alert {header}{}({}", gap(), gap());
    let count = options.len();
    for (at, option) in options.into_iter().enumerate() {
        text.push_str(option);
        text.push_str(gap());
        if at + 1 < count || last {
            text.push(';');
        }
        text.push_str(gap());
    }
    text.push(')');
    text
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        // A case that failed becomes a test of its own, not a file of seeds.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn made_rules(
        options in prop::collection::vec(option(), 1..6),
        gaps in prop::collection::vec(gap(), 1..8),
        header in header(),
        last in any::<bool>(),
    ) {
        round_trip(rule(options, &gaps, header, last).as_bytes(), Dialect::Snort3);
    }

    #[test]
    fn made_rules_of_snort_2(
        options in prop::collection::vec(old_option(), 1..6),
        gaps in prop::collection::vec(gap(), 1..8),
    ) {
        let text = rule(options, &gaps, "tcp any any -> any 80", true);
        round_trip(text.as_bytes(), Dialect::Snort2);
        round_trip(text.as_bytes(), Dialect::Auto);
    }

    #[test]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..40), quoted in any::<bool>()) {
        let mut rule = b"alert tcp any any -> any any (".to_vec();
        rule.extend_from_slice(if quoted { b"msg:\"" } else { b"content:" });
        rule.extend_from_slice(&text);
        rule.extend_from_slice(if quoted { b"\"; sid:1;)" } else { b"; sid:1;)" });
        for dialect in [Dialect::Snort3, Dialect::Auto, Dialect::Snort2] {
            round_trip(&rule, dialect);
        }
    }
}

/// The strategies above must make rules that load, or they prove nothing.
#[test]
fn most_made_rules_load() {
    let text = "alert tcp [10.0.0.1, 10.0.0.2 ] any -> [ any ] $HTTP_PORTS (msg:plain text; \
                content:! \"abc\",nocase ; pcre:! \"m#a/b#\"; metadata:a 1, \\\n b 2; sid:0x7)";
    let (rules, printed, errors) = read(text.as_bytes(), Dialect::Snort3);
    assert_eq!((rules.len(), errors.len()), (1, 0));
    assert_eq!(
        String::from_utf8_lossy(&printed),
        "alert tcp [10.0.0.1,10.0.0.2] any -> [any] $HTTP_PORTS (msg:\"plain text\"; \
         content:!\"abc\",nocase; pcre:!\"m#a/b#\"; metadata:a 1, b 2; sid:0x7;)\n"
    );
}

#[test]
fn community_rules() {
    let root = std::env::var("DPI_TEST_DATA").unwrap_or_else(|_| "../../shared/data".to_owned());
    let path = format!("{root}/rules/snort3-community.rules");
    let Ok(text) = std::fs::read(&path) else {
        println!("skipped: round trip of the community rules: {path} is not there");
        return;
    };
    let (rules, errors) = parse_text(&text, "community", &Variables::stock());
    let refused: Vec<_> = errors.iter().filter(|e| !e.is_inactive()).collect();
    assert!(refused.is_empty(), "{refused:?}");
    for dialect in [Dialect::Snort3, Dialect::Auto] {
        let count = round_trip(&text, dialect);
        assert_eq!(count, rules.len(), "{dialect:?} reads the same rules");
    }
    // None is taken for a rule of Snort 2.
    let (auto, _, _) = read(&text, Dialect::Auto);
    assert_eq!(meaning(&auto), meaning(&rules));
    println!("round trip: {} community rules", rules.len());
}

#[test]
fn definitions_of_file_types() {
    let text = "alert http ( file_type: \"OWN  PDF\" ; sid:1; )\n\
        file_id ( msg:own ; file_meta: type OWN , id 1, category \"a,b\", version \"1.0\" ; \
        file_data ; content: \"<|6f 77|n\" , depth 4; gid:4; sid:1;)\n";
    assert_eq!(round_trip(text.as_bytes(), Dialect::Snort3), 2);
    let (_, printed, _) = read(text.as_bytes(), Dialect::Snort3);
    let printed = String::from_utf8(printed).unwrap();
    let definition = "file_id (msg:\"own\"; file_meta:type OWN,id 1,category \"a,b\",version \"1.0\"; \
        file_data; content:\"<|6f 77|n\",depth 4; gid:4; sid:1;)\n";
    assert!(printed.ends_with(definition), "{printed}");
}
