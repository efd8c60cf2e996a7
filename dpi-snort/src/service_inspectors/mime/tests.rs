use super::*;

/// What a reader gives of a message cut in two at each place: the parts, and whether each is
/// one from its first byte on.
fn parts(new: &dyn Fn() -> MimeReader, text: &str) -> Vec<String> {
    let read = |cut: usize| {
        let (a, b) = text.as_bytes().split_at(cut);
        let mut reader = new();
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for part in [reader.read(a, false), reader.read(b, true)].concat() {
            match parts.last_mut() {
                Some(last) if !part.begins => last.extend(part.bytes),
                _ => parts.push(part.bytes),
            }
        }
        parts
    };
    let whole = read(0);
    for cut in 1..=text.len() {
        assert_eq!(read(cut), whole, "cut at {cut} of {text:?}");
    }
    let show = |part: &Vec<u8>| part.escape_ascii().to_string();
    whole.iter().map(show).collect()
}

fn message(text: &str) -> Vec<String> {
    parts(&|| MimeReader::message(Wanted::PartsOrBody), text)
}

#[test]
fn bodies() {
    for (encoding, body, expected) in [
        ("7bit", "a\r\nb\r\n", r"a\r\nb\r\n"),
        ("8BIT", "a\nb", r"a\nb"),
        ("binary", "a\rb\r", r"a\rb\r"),
        ("x-new", "YQ==", "YQ=="),
        ("base64", "bmVl\r\nZGxl\r\n", "needle"),
        ("Base64 ", "b m V\tl ZGxl", "needle"),
        ("base64 (really)", "!!bmVlZGxl", "needle"),
        ("base64;", "bmVlZA==ZGxl", "needdle"),
        ("base64", "bmVlZGx", "nee"),
        ("quoted-printable", "n=65e=\r\ndle=\n.", "needle."),
        ("Quoted-Printable", "n=6xedle= in=", "n=6xedle= in="),
        (
            "x-uuencode",
            "begin 644 a\r\n&;F5E9&QE\r\n`\r\nend\r\n",
            "needle",
        ),
        (
            "uuencode",
            "junk\nbegin 644 a\n#8W)A\n#8G1C\n \nend\ntail",
            "crabtc",
        ),
        // Without the length's last characters, as if blanks had been cut off.
        ("x-uue", "begin 1 a\n#80\n", r"a\x00\x00"),
    ] {
        let text = format!("To: a\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}");
        assert_eq!(message(&text), [expected], "{encoding} {body:?}");
        let folded = format!("content-transfer-encoding :\n\t{encoding}\nTo: a\n\n{body}");
        assert_eq!(message(&folded), [expected], "{encoding} {body:?}");
        let of_parts = || MimeReader::message(Wanted::Parts);
        assert!(parts(&of_parts, &text).is_empty(), "{encoding} {body:?}");
    }
}

#[test]
fn what_has_no_parts_and_says_no_encoding_gives_nothing() {
    for text in [
        "",
        "To: a\r\n\r\nneedle",
        "To: a\r\nSubject: Content-Transfer-Encoding: base64\r\n\r\nbmVlZGxl",
        "To: a\r\n Content-Transfer-Encoding: base64\r\n\r\nbmVlZGxl",
        "Content-Transfer-Encoding: base64\r\nbmVlZGxl",
        "\r\nContent-Transfer-Encoding: base64\r\n\r\nbmVlZGxl",
        "Content-Transfer-Encoding: base64\r\n\r\n\r\n",
        "Content-Type: text/plain; boundary=B\r\n\r\n--B\r\n\r\nneedle\r\n--B--",
        "Content-Type: multipart/mixed\r\n\r\n--B\r\n\r\nneedle\r\n--B--",
        "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\nneedle\r\n--",
        "Content-Type: multipart/mixed; boundary=B\r\n\r\n--C\r\n\r\nneedle\r\n--C--",
        "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B--\r\n\r\nneedle",
        "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nA: needle",
    ] {
        assert!(message(text).is_empty(), "{text:?}");
    }
}

#[test]
fn parts_of_a_message() {
    for (content_type, body, expected) in [
        (
            "multipart/mixed; boundary=\"B\"",
            "preamble\r\n--B\r\nA: b\r\n\r\none\r\n--B\r\nContent-Transfer-Encoding:\r\n base64\r\n\
             \r\ndHdv\r\n\r\n--B--\r\nepilogue\r\n--B\r\n\r\nno",
            &["one", "two"][..],
        ),
        (
            "MULTIPART/x;a=b;\r\n\tBoundary=B",
            "--B\n\none\n--B\n\ntwo",
            &["one", "two"],
        ),
        // The encoding of one part is not that of the next.
        (
            "multipart/mixed; boundary=B",
            "--B\r\ncontent-transfer-encoding: base64\r\n\r\nb25l\r\n--B\r\n\r\nb25l\r\n--B--",
            &["one", "b25l"],
        ),
        // A part within a part is not followed.
        (
            "multipart/mixed; boundary=B",
            "--B\r\nContent-Type: multipart/alternative; boundary=C\r\n\r\n--C\r\n\r\none\r\n--C--\
             \r\n--B--\r\n",
            &[r"--C\r\n\r\none\r\n--C--"],
        ),
        (
            "multipart/mixed; boundary=B",
            "--B\r\nA: b\r\n--B\r\n\r\n-\r-B\r\n--\r\n",
            &[r"-\r-B\r\n--\r\n"],
        ),
    ] {
        let text = format!("Content-Type: {content_type}\r\n\r\n{body}");
        assert_eq!(message(&text), expected, "{content_type} {body:?}");
        let of_parts = || MimeReader::message(Wanted::Parts);
        assert_eq!(parts(&of_parts, &text), expected, "{content_type} {body:?}");
    }
}

#[test]
fn long_lines_lose_nothing() {
    let long = "x".repeat(10_000);
    let text = format!("Content-Transfer-Encoding: 7bit\r\n\r\n{long}\r\n{long}");
    let mut reader = MimeReader::message(Wanted::PartsOrBody);
    let [part] = &reader.read(text.as_bytes(), true)[..] else {
        panic!("one part");
    };
    assert_eq!(part.bytes, format!("{long}\r\n{long}").as_bytes());
    assert_eq!(reader.limit_hit(), None);
}

#[test]
fn limits() {
    let long = "x".repeat(5000);
    for (text, label) in [
        (format!("Subject: {long}\r\n\r\n"), "mime_header_length"),
        (
            format!("Subject: a\r\n {long}\r\n\r\n"),
            "mime_header_length",
        ),
        (
            format!(
                "Content-Type: multipart/a; boundary={}\r\n\r\n",
                &long[..300]
            ),
            "mime_boundary_length",
        ),
    ] {
        let mut reader = MimeReader::message(Wanted::PartsOrBody);
        assert!(reader.read(text.as_bytes(), false).is_empty());
        assert_eq!(reader.limit_hit(), Some(label));
        assert_eq!(reader.limit_hit(), None);
        assert!(reader.memory() < 10_000, "{}", reader.memory());
    }
    let boundary = "b".repeat(257);
    assert!(MimeReader::form(boundary.as_bytes()).is_none());
    assert!(MimeReader::form(b"").is_none());
    assert!(MimeReader::form(&boundary.as_bytes()[1..]).is_some());
}

/// Behind a gap the next delimiter is found again.
#[test]
fn gaps() {
    let mut reader = MimeReader::form(b"B").unwrap();
    let before = b"--B\r\nContent-Transfer-Encoding: base64\r\n\r\nb25lb25";
    assert_eq!(reader.read(before, false)[0].bytes, b"one");
    reader.gap();
    let after = b"\r\ndHdv\r\n--B\r\n\r\nthree\r\n--B--";
    let parts = reader.read(after, true);
    let parts: Vec<&[u8]> = parts.iter().map(|part| &part.bytes[..]).collect();
    assert_eq!(parts, [&b"two"[..], b"three"]);
}

#[test]
fn parameters_of_a_content_type() {
    for (value, media, boundary) in [
        ("multipart/mixed; boundary=B", "multipart/mixed", Some("B")),
        (
            " Multipart/X ;a;b=c; BOUNDARY = \"a b\" ",
            "Multipart/X",
            Some("a b"),
        ),
        ("text/plain", "text/plain", None),
        ("text/plain; x-boundary=B", "text/plain", None),
        ("; boundary=B", "", Some("B")),
        ("", "", None),
    ] {
        assert_eq!(media_type(value.as_bytes()), media.as_bytes(), "{value}");
        let found = parameter(value.as_bytes(), b"boundary");
        assert_eq!(found, boundary.map(str::as_bytes), "{value}");
    }
}
