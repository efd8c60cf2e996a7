//! Beginnings of files, and what they are by stock and by own definitions.

use std::sync::Arc;

use super::{stock::STOCK, *};
use crate::{
    Config,
    detection::Detection,
    parser::{ClassificationConfig, Ruleset, Variables, parse_files},
};

fn rules(text: &str) -> Ruleset {
    let files = [("a.rules", text.as_bytes())];
    let classes = ClassificationConfig::default();
    parse_files(files, &Variables::stock(), &classes, Arc::default())
}

/// Definitions, each by its type and its options.
fn definitions(rows: &[(&str, &str)]) -> Arc<FileDefinitions> {
    let lines = (1..).zip(rows).map(|(sid, (name, options))| {
        let options = format!("file_meta:type {name},id {sid}; file_data; {options}");
        format!("file_id ({options}; gid:4; sid:{sid};)\n")
    });
    let text = lines.collect::<Vec<_>>().concat();
    let ruleset = rules(&text);
    assert_eq!(ruleset.errors, []);
    ruleset.file_definitions
}

fn named(definitions: &FileDefinitions, names: &[&str]) -> FileTypes {
    let types = names.iter().map(|name| definitions.named(name).unwrap());
    types.fold(FileTypes::default(), FileTypes::and)
}

#[test]
fn files_are_known_by_their_first_bytes() {
    let tar = [&[b'a'; 257][..], b"ustar\x0000"].concat();
    let old_tar = [&[0; 257][..], b"ustar  \0"].concat();
    let stock = FileDefinitions::default();
    for (beginning, names) in [
        (&b"%PDF-1.7\n"[..], &["PDF"][..]),
        (b"MZ\x90\0", &["MSEXE"]),
        (b"\x7fELF\x02\x01", &["ELF"]),
        (b"PK\x03\x04\x14\0\0\0", &["ZIP"]),
        (b"PK\x03\x04\x14\0\x06\0", &["ZIP", "NEW_OFFICE"]),
        (b"RIFF\x24\0\0\0WAVEfmt \x10", &["RIFF", "WAV"]),
        (b"GIF89a", &["GIF"]),
        (b"\0\0\0\x18ftypmp42", &["MP4"]),
        (&tar, &["POSIX_TAR"]),
        (&old_tar, &["OLD_TAR"]),
        (b"GIF88a", &[]),
        (b" %PDF-1.7", &[]),
        (b"%PDF", &[]),
        (b"", &[]),
    ] {
        assert_eq!(stock.of(beginning), named(&stock, names), "{names:?}");
    }
}

#[test]
fn each_name_is_one_type() {
    let stock = FileDefinitions::default();
    for (name, signatures) in STOCK {
        let types = stock.named(name).unwrap();
        for (other, _) in STOCK {
            let is_same = types.intersects(stock.named(other).unwrap());
            assert_eq!(is_same, name == other, "{name} {other}");
        }
        for (offset, bytes) in *signatures {
            let file = [&vec![0; *offset][..], bytes].concat();
            assert!(stock.of(&file).intersects(types), "{name}");
        }
    }
    for name in ["", "pdf", "PDF ", "NOTHING"] {
        assert_eq!(stock.named(name), None, "{name:?}");
    }
}

#[test]
fn own_definitions_are_tried_as_rules_are() {
    let own = definitions(&[
        ("OWN", "content:\"OWN|00|\",depth 4"),
        ("OWN", "content:\"own|01|\",offset 2,depth 4"),
        ("PDF", "content:\"%FDP\",depth 4"),
        // The first `<` is not the one: earlier contents are tried again.
        ("XML", "content:\"<\"; content:\"svg\",within 3,distance 0"),
        ("EXPRESSION", "content:\"v\",depth 1; pcre:\"/^v\\d+\\./\""),
        (
            "LENGTH",
            "content:\"L\",depth 1; byte_extract:1,1,n; content:\"E\",offset n,depth 1",
        ),
        (
            "NOT",
            "content:\"N\",depth 1; content:!\"M\",offset 1,depth 1",
        ),
        ("LATE", "content:\"late\",offset 1450"),
        (
            "CODED",
            "content:\"b64:\",depth 4; base64_decode:relative; base64_data; content:\"abc\"",
        ),
    ]);
    let at = |offset: usize| [&vec![b'.'; offset][..], b"late"].concat();
    for (beginning, names) in [
        (&b"OWN\0 and more"[..], &["OWN"][..]),
        (b"__own\x01", &["OWN"]),
        (b"___own\x01", &[]),
        (b"%FDP", &["PDF"]),
        (b"%PDF-1.7", &["PDF"]),
        (b"%PDF-1.7 <a><svg>", &["PDF", "XML"]),
        (b"<a> svg", &[]),
        (b"v12.3", &["EXPRESSION"]),
        (b"v.3", &[]),
        (b"L\x04..E", &["LENGTH"]),
        (b"L\x03..E", &[]),
        (b"NO", &["NOT"]),
        (b"NM", &[]),
        (b"N", &["NOT"]),
        (b"b64:YWJj", &["CODED"]),
        (&at(TYPE_DEPTH - 4), &["LATE"]),
        (&at(TYPE_DEPTH - 3), &[]),
        (b"", &[]),
    ] {
        let found = own.of(beginning);
        let beginning = String::from_utf8_lossy(beginning);
        assert_eq!(found, named(&own, names), "{beginning:?}");
    }
}

#[test]
fn a_definition_has_an_end() {
    let own = definitions(&[
        (
            "SLOW",
            "content:\"a\"; content:\"a\",distance 0; content:\"b\",distance 0",
        ),
        ("SLOW", "pcre:\"/(a+)+(a+)+c/\"; content:\"a\""),
        ("OWN", "content:\"a\",depth 1"),
    ]);
    let found = own.of(&vec![b'a'; 1 << 16]);
    assert_eq!(
        found,
        named(&own, &["OWN"]),
        "and those behind it are tried"
    );
}

#[test]
fn there_is_room_for_so_many() {
    let stock = STOCK.iter().map(|(name, _)| (*name).to_owned());
    let many: Vec<String> = (0..=MAX_OWN_TYPES)
        .map(|n| format!("T{n}"))
        .chain(stock)
        .collect();
    let lines = (1..).zip(&many).map(|(sid, name)| {
        let options = format!("file_meta:type {name},id 1; file_data; content:\"[{name}]\"");
        format!("file_id ({options}; gid:4; sid:{sid};)\n")
    });
    let text = lines.collect::<Vec<_>>().concat();
    let last = MAX_OWN_TYPES - 1;
    let asks = format!(
        "alert http (file_type:\"T{last}\"; sid:1;)\nalert http (file_type:\"T{MAX_OWN_TYPES}\"; sid:2;)"
    );
    let ruleset = rules(&(text + &asks));
    let told: Vec<String> = ruleset.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            format!(
                "a.rules:{line}: sid {line}: file_meta: valid, but inactive: it needs room for more \
                 than {MAX_OWN_TYPES} file types of one's own",
                line = MAX_OWN_TYPES + 1
            ),
            format!(
                "a.rules:{}:13: sid 2: file_type: valid, but inactive: it needs a file type that is \
                 not defined here",
                many.len() + 2
            ),
        ]
    );
    let own = ruleset.file_definitions;
    for (name, is_known) in [("T0", true), (&*format!("T{last}"), true), ("PDF", true)] {
        let of_file = own.of(format!("[{name}]").as_bytes());
        assert_eq!(
            Some(of_file),
            own.named(name).filter(|_| is_known),
            "{name}"
        );
    }
    assert_eq!(own.named(&format!("T{MAX_OWN_TYPES}")), None);
}

#[test]
fn each_set_of_definitions_is_a_generation() {
    let (text, other) = (("OWN", "content:\"a\""), ("OTHER", "content:\"b\""));
    let first = definitions(&[text]);
    let same = definitions(&[text]);
    assert_eq!(first.of(b"a"), same.of(b"a"));
    for changed in [
        definitions(&[("OWN", "content:\"aa\"")]),
        definitions(&[("NWO", "content:\"a\"")]),
        definitions(&[text, other]),
        definitions(&[other, text]),
    ] {
        for name in ["OWN", "NWO", "OTHER"] {
            let asked = changed.named(name).unwrap_or_default();
            assert!(!first.of(b"a").intersects(asked), "{name}");
        }
    }
    let stock = FileDefinitions::default();
    assert!(first.of(b"%PDF-a").intersects(stock.of(b"%PDF-")));
}

/// Definitions may stand in a later file than the rules that name them; of those with one id
/// the newest holds.
#[test]
fn definitions_are_of_all_files() {
    let files = [
        (
            "a.rules",
            "alert http (file_type:\"OWN\"; sid:1;)\n\
             alert http (file_type:\"OLD\"; sid:2;)\n\
             alert http (msg:\"m\";\n  file_type:\"OWN NOTHING\"; sid:3;)\n\
             file_id (file_meta:type OLD,id 1; file_data; content:\"o\"; gid:4; sid:1; rev:1;)\n",
        ),
        (
            "b.rules",
            "file_id (file_meta:type OWN,id 1; file_data; content:\"n\"; gid:4; sid:1; rev:2;)\n",
        ),
    ];
    let files = files.map(|(name, text)| (name, text.as_bytes()));
    let classes = ClassificationConfig::default();
    let ruleset = parse_files(files, &Variables::stock(), &classes, Arc::default());
    let undefined = "file_type: valid, but inactive: it needs a file type that is not defined here";
    let told: Vec<String> = ruleset.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            format!("a.rules:2:13: sid 2: {undefined}"),
            format!("a.rules:4:3: sid 3: {undefined}"),
        ]
    );
    let ids = ruleset.rules.iter().map(|rule| (rule.id.gid, rule.id.sid));
    assert_eq!(ids.collect::<Vec<_>>(), [(1, 1), (4, 1)]);
    let (detection, left_out) = Detection::compile(ruleset, &Config::default()).unwrap();
    assert_eq!((detection.len(), left_out.len()), (2, 0));
    let own = detection.file_definitions();
    assert_eq!(own.of(b"on"), own.named("OWN").unwrap());
}
