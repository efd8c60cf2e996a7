//! Blocks, as the RFC writes them and as attackers do.

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex"))
        .collect()
}

fn lines(fields: &Fields) -> String {
    let lines = fields.list.iter().map(|(name, value)| {
        format!(
            "{}: {}",
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value)
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// RFC 7541 Appendix C.3, C.4 (requests), C.5, C.6 (responses, in a table of 256 bytes).
#[test]
fn examples_of_the_rfc() {
    let requests = [
        ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com",
        ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\ncache-control: no-cache",
        ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\ncustom-key: custom-value",
    ];
    let date = "date: Mon, 21 Oct 2013 20:13:2";
    let url = "location: https://www.example.com";
    let responses = [
        format!(":status: 302\ncache-control: private\n{date}1 GMT\n{url}"),
        format!(":status: 307\ncache-control: private\n{date}1 GMT\n{url}"),
        format!(
            ":status: 200\ncache-control: private\n{date}2 GMT\n{url}\ncontent-encoding: gzip\n\
            set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"
        ),
    ];
    let runs: [(usize, [&str; 3], Vec<&str>); 4] = [
        (
            4096,
            [
                "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
                "8286 84be 5808 6e6f 2d63 6163 6865",
                "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
            ],
            requests.to_vec(),
        ),
        (
            4096,
            [
                "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
                "8286 84be 5886 a8eb 1064 9cbf",
                "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
            ],
            requests.to_vec(),
        ),
        (
            256,
            [
                "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
                2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
                6c65 2e63 6f6d",
                "4803 3330 37c1 c0bf",
                "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
                54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
                5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
                3d31",
            ],
            responses.iter().map(String::as_str).collect(),
        ),
        (
            256,
            [
                "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
                2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
                "4883 640e ffc1 c0bf",
                "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
                77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
                9587 3160 65c0 03ed 4ee5 b106 3d50 07",
            ],
            responses.iter().map(String::as_str).collect(),
        ),
    ];
    for (size, blocks, expected) in runs {
        let mut decoder = Decoder::new();
        decoder.table.resize(size);
        for (block, expected) in blocks.iter().zip(&expected) {
            let clean: String = block.split_whitespace().collect();
            let fields = decoder
                .decode(&hex(&clean), &Config::default())
                .expect("valid");
            assert_eq!(lines(&fields), **expected);
        }
    }
}

#[test]
fn bad_blocks_are_refused_and_never_read_beyond() {
    for (block, error) in [
        ("80", HpackError::Index(0)),
        ("be", HpackError::Index(62)),
        ("7f01 0161", HpackError::Index(64)),
        ("ff", HpackError::Truncated),
        ("ffff ffff ffff ffff", HpackError::Integer),
        ("ff80 8080 8080 00", HpackError::Integer),
        ("ffff ffff ff7f", HpackError::Integer),
        ("40", HpackError::Truncated),
        ("4003 6162", HpackError::Truncated),
        ("4001 61", HpackError::Truncated),
        ("4001 6181 00", HpackError::Huffman),
        ("007f ffff ff0f", HpackError::Truncated),
        (
            "3fe2 ff03",
            HpackError::TableSize {
                size: 65_537,
                limit: 65_536,
            },
        ),
    ] {
        let clean: String = block.split_whitespace().collect();
        let mut decoder = Decoder::new();
        let result = decoder.decode(&hex(&clean), &Config::default());
        assert_eq!(result.err(), Some(error), "{block}");
    }
}

#[test]
fn the_table_keeps_to_its_size() {
    let mut decoder = Decoder::new();
    let config = Config::default();
    // 100 fields of 1 + 100 bytes count 133 each.
    let block: Vec<u8> = [&[0x40, 1, b'a', 100][..], &[b'x'; 100]].concat();
    for _ in 0..100 {
        decoder.decode(&block, &config).expect("valid");
    }
    assert!(decoder.memory() < 2 * 4096 + 64 * 40);
    assert!(decoder.decode(&hex("db"), &config).is_ok(), "30 fields");
    assert_eq!(
        decoder.decode(&hex("dc"), &config).err(),
        Some(HpackError::Index(92))
    );
    // A field that is larger empties it.
    let large = [&[0x40, 1, b'a', 0x7F, 0xA1, 0x1F][..], &[b'x'; 4128]].concat();
    decoder.decode(&large, &config).expect("valid");
    assert!(decoder.decode(&hex("be"), &config).is_err());
}

#[test]
fn a_bomb_is_cut_by_the_size_of_a_section_and_by_the_ratio() {
    let config = Config {
        http_max_headers: 10_000,
        ..Config::default()
    };
    let mut decoder = Decoder::new();
    let entry = [&[0x40, 1, b'a', 0x7F, 0xA1, 0x1E][..], &[b'x'; 4000]].concat();
    decoder.decode(&entry, &config).expect("valid");
    let bomb = [0xBE; 1000];
    let fields = decoder.decode(&bomb, &config).expect("valid");
    assert_eq!(fields.list.len(), 2);
    assert_eq!(fields.limit_hit, Some("http_max_headers"));
    let mut unfolded = 0;
    for _ in 0..2000 {
        let fields = decoder.decode(&[0xBE], &config).expect("valid");
        unfolded += fields.size;
    }
    assert!(unfolded < 8 << 20, "{unfolded}");
    // What is sent in full is still seen.
    let block = hex("be7e0161");
    let fields = decoder.decode(&block, &config).expect("valid");
    assert_eq!(fields.limit_hit, Some("http2_unfold_ratio"));
    assert_eq!(fields.list.last().expect("a field").1, b"a");
}

#[test]
fn after_a_lost_block_new_fields_are_known_and_old_ones_are_not() {
    let config = Config::default();
    let mut decoder = Decoder::new();
    decoder.decode(&hex("4001610162"), &config).expect("valid");
    decoder.lose_block();
    let fields = decoder
        .decode(&hex("bebf4001630164be82"), &config)
        .expect("lenient");
    assert_eq!(lines(&fields), "c: d\nc: d\n:method: GET");
}
