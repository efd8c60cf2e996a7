//! Bodies: codings, sections, parts of forms.

use std::sync::Arc;

use super::*;
use crate::{
    file_types::FileTypes,
    parser::{ClassificationConfig, Variables, parse_files},
    service_inspectors::Pdu,
};

#[test]
fn bodies_are_decoded() {
    let plain = b"<p>needle in hay</p>".as_slice();
    let wide: Vec<u8> = plain.iter().flat_map(|byte| [*byte, 0]).collect();
    let truncated = &compress("gzip", plain)[..30];
    for (fields, sent, expected) in [
        ("Content-Encoding: gzip", compress("gzip", plain), plain),
        (
            "Content-Encoding: x-gzip",
            [
                compress("gzip", b"<p>needle"),
                compress("gzip", b" in hay</p>"),
            ]
            .concat(),
            plain,
        ),
        ("Content-Encoding: deflate", compress("zlib", plain), plain),
        ("Content-Encoding: deflate", compress("raw", plain), plain),
        ("Content-Encoding: br", brotli(22, plain), plain),
        ("Content-Encoding: BR", brotli(18, plain), plain),
        ("Content-Encoding: br", plain.to_vec(), plain),
        ("Content-Encoding: gzip", plain.to_vec(), plain),
        ("Content-Type: text/html; charset=UTF-16LE", wide, plain),
    ] {
        let (seen, _) = same_at_every_cut(&response(fields, &sent), &Config::default());
        assert_eq!(file_data(&seen), expected, "{fields}");
    }
    let (seen, _) = run(
        &response("Content-Encoding: gzip", truncated),
        usize::MAX,
        &[],
        &Config::default(),
    );
    assert!(plain.starts_with(&file_data(&seen)));
}

#[test]
fn large_bodies_come_in_sections() {
    let config = Config {
        http_body_section: 10,
        ..Config::default()
    };
    let (seen, _) = same_at_every_cut(&response("A: b", b"0123456789abcdefghijXYZ"), &config);
    let bodies: Vec<_> = seen
        .iter()
        .skip(1)
        .map(|unit| unit.payload.as_slice())
        .collect();
    assert_eq!(bodies, [b"0123456789".as_slice(), b"abcdefghij", b"XYZ"]);
}

#[test]
fn form_parts_are_given_one_by_one() {
    let body = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nfirst\r\npart\r\n\
        --B\r\nContent-Transfer-Encoding: base64\r\n\r\nbmVl\r\nZGxl\r\n\
        --B\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nca=66=\r\ne\r\n--B--\r\nepilogue";
    let head = format!(
        "POST /up HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=\"B\"\r\n\
        Content-Length: {}\r\n\r\n",
        body.len()
    );
    let blocks = vec![(true, [head.as_bytes(), body.as_bytes()].concat())];
    let (seen, _) = same_at_every_cut(&blocks, &Config::default());
    let parts: Vec<_> = seen
        .iter()
        .flat_map(|unit| &unit.fresh)
        .filter(|(id, _)| *id == BufferId::FileData)
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    assert_eq!(parts, ["first\r\npart", "needle", "cafe"]);
    assert_eq!(seen[1].payload, body.as_bytes());
    assert!(seen[2].payload.is_empty());
    // Sections of one byte: the parts in sum are the same.
    for size in 1..40 {
        let config = Config {
            http_body_section: size,
            ..Config::default()
        };
        let (seen, _) = run(&blocks, usize::MAX, &[], &config);
        assert_eq!(
            file_data(&seen),
            b"first\r\npartneedlecafe",
            "sections of {size}"
        );
    }
}

/// Types of what is in the bodies, unit by unit, wherever the conversation is cut.
#[test]
fn files_are_of_types_that_rules_define() {
    let rule =
        b"file_id (file_meta:type OWN,id 1; file_data; content:\"own\",depth 3; gid:4; sid:1;)";
    let files = [("a.rules", rule.as_slice())];
    let classes = ClassificationConfig::default();
    let ruleset = parse_files(files, &Variables::stock(), &classes, Arc::default());
    let own = ruleset.file_definitions;
    let config = Config {
        file_definitions: Arc::clone(&own),
        http_body_section: 30,
        ..Config::default()
    };
    let rest = [b'.'; 50];
    let is_own = own.named("OWN").unwrap();
    let nothing = FileTypes::default();
    let gzip = compress("gzip", &[b"own", &rest[..]].concat());
    let wide: Vec<u8> = b"own".iter().flat_map(|byte| [*byte, 0]).collect();
    for (fields, sent, expected) in [
        ("A: b", b"own".to_vec(), vec![is_own]),
        ("A: b", b"now".to_vec(), vec![nothing]),
        ("A: b", [b"own", &rest[..]].concat(), vec![is_own; 2]),
        ("A: b", [&rest[..], b"own"].concat(), vec![nothing; 2]),
        ("Content-Encoding: gzip", gzip, vec![is_own]),
        (
            "Content-Type: text/html; charset=UTF-16LE",
            wide,
            vec![is_own],
        ),
    ] {
        let (_, message) = response(fields, &sent).remove(0);
        for cut in 0..message.len() {
            let mut http = Http::default();
            let mut types = Vec::new();
            let mut emit = |pdu: &Pdu<'_>| {
                let file = pdu.buffers.buffer(&whole(BufferId::FileData));
                if file.is_some_and(|file| !file.is_empty()) {
                    types.push(pdu.buffers.file_types());
                }
            };
            let (first, second) = message.split_at(cut);
            for data in [first, second] {
                let feed = Feed {
                    to_server: false,
                    data,
                    config: &config,
                };
                http.feed(&feed, &mut emit);
            }
            http.finish(false, &config, &mut emit);
            assert_eq!(types, expected, "{fields}, cut at {cut}");
        }
    }
}
