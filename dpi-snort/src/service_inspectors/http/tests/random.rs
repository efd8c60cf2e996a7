//! Random bytes and random pieces of HTTP never panic.

use proptest::prelude::*;

use super::super::fuzz_http;

proptest! {
    #[test]
    fn garbage_never_panics(input in proptest::collection::vec(any::<u8>(), 0..600)) {
        fuzz_http(&input);
    }

    #[test]
    fn near_http_never_panics(
        words in proptest::collection::vec((any::<u8>(), 0..WORDS.len()), 0..40)
    ) {
        let mut input = Vec::new();
        for (control, word) in words {
            let word = WORDS[word];
            input.extend([control & 0b1000_0111, u8::try_from(word.len()).unwrap_or(0)]);
            input.extend_from_slice(word);
        }
        fuzz_http(&input);
    }
}

const WORDS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\n",
    b"POST http://u@h:1/%c0%ae%c0%ae/?a=%2541#f HTTP/1.0\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 \r\n\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Encoding: deflate\r\n",
    b"Content-Type: multipart/form-data; boundary=x\r\n",
    b"Content-Type: text/plain; charset=utf-16\r\n",
    b"Cookie: a=%\r\n\t b\r\n",
    b"\r\n",
    b"--x\r\n",
    b"--x--\r\n",
    b"Content-Transfer-Encoding: base64\r\n\r\nQQ=",
    b"5\r\nhello\r\n",
    b"0\r\n",
    b"ffffffffff\r\n",
    b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
    b"\x78\x9c\x4b\x04",
];
