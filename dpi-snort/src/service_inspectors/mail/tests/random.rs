//! Random bytes and random pieces of dialogues never panic.

use proptest::prelude::*;

use super::super::fuzz_mail;

proptest! {
    #[test]
    fn garbage_never_panics(input in proptest::collection::vec(any::<u8>(), 0..600)) {
        fuzz_mail(&input);
    }

    #[test]
    fn near_mail_never_panics(
        service in 0..4_u8,
        words in proptest::collection::vec((any::<u8>(), 0..WORDS.len()), 0..40)
    ) {
        let mut input = vec![service];
        for (control, word) in words {
            let word = WORDS[word];
            input.extend([control & 0b1000_0111, u8::try_from(word.len()).unwrap_or(0)]);
            input.extend_from_slice(word);
        }
        fuzz_mail(&input);
    }
}

const WORDS: &[&[u8]] = &[
    b"220-mail\r\n",
    b"220 mail\r\n",
    b"550 no\r\n",
    b"MAIL FROM:<a>\r\n",
    b"DATA\r\n",
    b"BDAT 9\r\n",
    b"BDAT 99999 LAST\r\n",
    b"STARTTLS\r\n",
    b"\x16\x03\x01",
    b"RETR 1\r\n",
    b"+OK\r\n",
    b"-ERR\r\n",
    b"* 1 FETCH (BODY[] {40}\r\n",
    b"a APPEND x {5}\r\n",
    b"a NO\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n",
    b"\r\n",
    b"--x\r\n",
    b"--x--\r\n",
    b"bmVlZGxl=",
    b"=4",
    b"begin 644 a\r\n",
    b"&;F5E9&QE\r\n",
    b".\r\n",
    b"..\r",
];
