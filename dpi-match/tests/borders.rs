//! Every length and alignment of short haystacks, and haystacks that touch memory which may
//! not be read.
//!
//! Not for Miri, which maps no pages, and for which all lengths are too many.
#![cfg(not(miri))]

use std::{ffi::c_void, ptr, slice};

use dpi_match::{
    MpmScratch, Pattern, PatternId,
    fuzz::{found, matchers},
};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

fn sets() -> Vec<Vec<Pattern>> {
    let set = |texts: &[&str]| {
        let of = |text: &&str| Pattern {
            bytes: text.as_bytes().into(),
            nocase: text.len().is_multiple_of(2),
        };
        texts.iter().map(of).collect()
    };
    let words = |n: usize| -> Vec<String> {
        (0..n)
            .map(|i| format!("{:05}", i * 7919 % 99_991))
            .collect()
    };
    let of_words = |n: usize, more: &[&str]| {
        let words = words(n);
        set(&words
            .iter()
            .map(String::as_str)
            .chain(more.iter().copied())
            .collect::<Vec<_>>())
    };
    vec![
        set(&["a", "b"]),
        set(&["aa", "b", "~"]),
        set(&["aaa", "q", "xyz"]),
        set(&["aaaa", "bbbb"]),
        set(&["aaaaaaaaaaaa", "bcd", "aaaab"]),
        of_words(150, &["aaaa", "aaaaaaaaa"]),
        of_words(150, &["aaa"]),
        of_words(600, &["aaaaaaa", "aaaaaaaaaaa"]),
        of_words(2500, &["aaaaaaa", "aaaaaaaaaaa"]),
    ]
}

#[test]
fn every_length_and_alignment() {
    let mut memory = vec![b'x'; 300];
    for patterns in sets() {
        for mpm in matchers(&patterns) {
            for length in 0..=200 {
                for alignment in 0..64 {
                    // Matches at every place, and more of the same behind the end.
                    memory.fill(b'a');
                    let haystack = &memory[alignment..alignment + length];
                    let mut counts = vec![0; patterns.len()];
                    mpm.scan(haystack, 0, &mut MpmScratch::default(), &mut |id, end| {
                        assert!(end <= length);
                        counts[id.0 as usize] += 1;
                        true
                    });
                    for (id, pattern) in (0..).zip(&patterns) {
                        let size = mpm.length_of(PatternId(id));
                        let places = if pattern.bytes.iter().all(|byte| *byte == b'a') {
                            (length + 1).saturating_sub(size)
                        } else {
                            0
                        };
                        assert_eq!(
                            counts[id as usize],
                            places,
                            "{} {length} {alignment}",
                            mpm.plan()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn one_match_at_each_place() {
    for patterns in sets() {
        let Some(pattern) = patterns.iter().find(|p| p.bytes[0] == b'a') else {
            continue;
        };
        let size = pattern.bytes.len();
        // The automaton, which is compared with a naive search elsewhere.
        let oracle = &matchers(&patterns)[0];
        for mpm in matchers(&patterns) {
            for length in [
                size, 17, 31, 32, 33, 63, 64, 65, 66, 67, 68, 127, 128, 129, 131, 200,
            ] {
                for place in 0..(length + 1).saturating_sub(size) {
                    let mut haystack = vec![b'-'; length];
                    haystack[place..place + size].copy_from_slice(&pattern.bytes);
                    assert_eq!(
                        found(mpm.as_ref(), &haystack, 0),
                        found(oracle.as_ref(), &haystack, 0),
                        "{} {length} {place}",
                        mpm.plan()
                    );
                }
            }
        }
    }
}

const PAGE: usize = 4096;

/// Two readable pages between two that may not be touched.
struct Guarded(*mut u8);

impl Guarded {
    fn new() -> Guarded {
        // SAFETY: a new mapping wherever the kernel likes; nothing else refers to it.
        let base = unsafe {
            mmap_anonymous(
                ptr::null_mut(),
                4 * PAGE,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )
        }
        .expect("four pages");
        for page in [0, 3] {
            // SAFETY: the page is one of the four just mapped.
            unsafe { mprotect(base.byte_add(page * PAGE), PAGE, MprotectFlags::empty()) }
                .expect("a page without access");
        }
        Guarded(base.cast())
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the two pages in the middle are mapped, readable and zeroed by the kernel.
        unsafe { slice::from_raw_parts(self.0.add(PAGE), 2 * PAGE) }
    }

    fn fill(&mut self, byte: u8) {
        // SAFETY: the two pages in the middle are mapped, writable, and borrowed mutably.
        unsafe { ptr::write_bytes(self.0.add(PAGE), byte, 2 * PAGE) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: mapped in `new`, unmapped once; no slice of it is left.
        unsafe { munmap(self.0.cast::<c_void>(), 4 * PAGE) }.expect("unmapping");
    }
}

#[test]
fn nothing_outside_the_haystack_is_read() {
    let mut pages = Guarded::new();
    for byte in [0, b'a', b'0'] {
        pages.fill(byte);
        for patterns in sets() {
            for mpm in matchers(&patterns) {
                let bytes = pages.bytes();
                for length in (0..=200).chain([4095, 4096, 4097, 8191, 8192]) {
                    let at_end = &bytes[bytes.len() - length..];
                    let at_begin = &bytes[..length];
                    assert_eq!(
                        found(mpm.as_ref(), at_end, 0),
                        found(mpm.as_ref(), at_begin, 0),
                        "{}",
                        mpm.plan()
                    );
                    found(mpm.as_ref(), at_end, length / 2);
                }
            }
        }
    }
}
