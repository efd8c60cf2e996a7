//! The Huffman code of header strings (RFC 7541 §5.2, Appendix B).
//!
//! The code is canonical: symbols of one length have consecutive codes, in ascending
//! order, so that the lengths alone define it.

/// Code lengths in bits, each with its symbols in ascending order.
const LEVELS: &[(u32, &[u8])] = &[
    (5, b"012aceiost"),
    (6, b" %-./3456789=A_bdfghlmnpru"),
    (7, b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    (8, b"&*,;XZ"),
    (10, b"!\"()?"),
    (11, b"'+|"),
    (12, b"#>"),
    (13, b"\0$@[]~"),
    (14, b"^}"),
    (15, b"<`{"),
    (19, b"\\\xC3\xD0"),
    (20, &[128, 130, 131, 162, 184, 194, 224, 226]),
    (
        21,
        &[
            153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230,
        ],
    ),
    (
        22,
        &[
            129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185,
            186, 187, 189, 190, 196, 198, 228, 232, 233,
        ],
    ),
    (
        23,
        &[
            1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166,
            168, 174, 175, 180, 182, 183, 188, 191, 197, 231, 239,
        ],
    ),
    (
        24,
        &[9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237],
    ),
    (25, &[199, 207, 234, 235]),
    (
        26,
        &[
            192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255,
        ],
    ),
    (
        27,
        &[
            203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252,
            253, 254,
        ],
    ),
    (
        28,
        &[
            2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28,
            29, 30, 31, 127, 220, 249,
        ],
    ),
    // The fourth code of this length ends the string and may not occur in it.
    (30, &[10, 13, 22]),
];

/// Decodes a string and appends it; false if it holds the end code or does not end in
/// fewer than eight ones.
pub(super) fn decode(coded: &[u8], output: &mut Vec<u8>) -> bool {
    // The next `held` bits, at the top of `bits`.
    let (mut bits, mut held) = (0u64, 0u32);
    let mut input = coded.iter();
    loop {
        while held <= 32 {
            let Some(byte) = input.next() else { break };
            bits |= u64::from(*byte) << (56 - held);
            held += 8;
        }
        match symbol(bits, held) {
            Some((symbol, length)) => {
                output.push(symbol);
                bits <<= length;
                held -= length;
            }
            // RFC 7541 §5.2: the padding is the beginning of the end code.
            None => return held < 8 && bits.leading_ones() >= held,
        }
    }
}

/// The first symbol of `bits` and its length; `None` if the `held` bits hold no whole one.
fn symbol(bits: u64, held: u32) -> Option<(u8, u32)> {
    // The first code of the level, as a number of so many bits.
    let (mut first, mut last_length) = (0u64, 0);
    for (length, symbols) in LEVELS {
        if *length > held {
            return None;
        }
        first <<= length - last_length;
        last_length = *length;
        let offset = (bits >> (64 - length)).saturating_sub(first);
        let symbol = usize::try_from(offset).ok().and_then(|at| symbols.get(at));
        if let Some(symbol) = symbol {
            return Some((*symbol, *length));
        }
        first += symbols.len() as u64;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes by the same table, bit by bit.
    pub(crate) fn encode(text: &[u8]) -> Vec<u8> {
        let mut bits = Vec::new();
        for byte in text {
            let (mut first, mut last) = (0u64, 0);
            for (length, symbols) in LEVELS {
                first <<= length - last;
                last = *length;
                if let Some(at) = symbols.iter().position(|symbol| symbol == byte) {
                    let code = first + at as u64;
                    bits.extend((0..*length).rev().map(|bit| code >> bit & 1 == 1));
                    break;
                }
                first += symbols.len() as u64;
            }
        }
        while bits.len() % 8 != 0 {
            bits.push(true);
        }
        bits.chunks(8)
            .map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | u8::from(*bit)))
            .collect()
    }

    #[test]
    fn the_code_is_complete() {
        let used: u64 = LEVELS
            .iter()
            .map(|(length, symbols)| (symbols.len() as u64) << (30 - length))
            .sum();
        assert_eq!(used + 1, 1 << 30, "all but the end code");
        let mut all: Vec<u8> = LEVELS.iter().flat_map(|(_, s)| s.to_vec()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..=255).collect::<Vec<u8>>());
    }

    /// RFC 7541 Appendix C.4 and C.6.
    #[test]
    fn examples_of_the_rfc() {
        for (coded, text) in [
            ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
            ("a8eb10649cbf", "no-cache"),
            ("25a849e95bb8e8b4bf", "custom-value"),
            ("6402", "302"),
            (
                "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
                "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
            ),
        ] {
            let coded: Vec<u8> = (0..coded.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&coded[at..at + 2], 16).expect("hex"))
                .collect();
            let mut output = Vec::new();
            assert!(decode(&coded, &mut output), "{text}");
            assert_eq!(output, text.as_bytes());
            assert_eq!(encode(text.as_bytes()), coded);
        }
    }

    #[test]
    fn every_pair_of_bytes_comes_back() {
        for first in 0..=255 {
            for second in 0..=255 {
                let mut output = Vec::new();
                assert!(decode(&encode(&[first, second]), &mut output));
                assert_eq!(output, [first, second]);
            }
        }
    }

    #[test]
    fn bad_ends_are_refused() {
        for coded in [
            // Eight ones too many; the end code; padding of zeros.
            [0x07, 0xFF, 0xFF].as_slice(),
            &[0xFF, 0xFF, 0xFF, 0xFF],
            &[0x00],
            &[0xFF],
        ] {
            assert!(!decode(coded, &mut Vec::new()), "{coded:x?}");
        }
        assert!(decode(&[], &mut Vec::new()));
    }
}
