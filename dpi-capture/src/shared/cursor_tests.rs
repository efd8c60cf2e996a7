//! Tests of the cursor.

use std::{os::fd::AsFd, time::Duration};

use super::*;
use crate::shared::{Counter, CounterPage};

fn cursor() -> RingCursor {
    let geometry = Geometry::new_checked(1 << 20, 4).expect("a ring of 4 MiB");
    RingCursor::create(geometry).expect("memfd")
}

#[derive(Clone, Copy)]
enum Seen {
    Packets,
    Bytes,
}

impl Counter for Seen {
    const ALL: &'static [Seen] = &[Seen::Packets, Seen::Bytes];
    fn index(self) -> usize {
        self as usize
    }
    fn label(self) -> &'static str {
        match self {
            Seen::Packets => "packets",
            Seen::Bytes => "bytes",
        }
    }
}

#[test]
fn processed_is_exact_after_every_step() {
    let cursor = cursor();
    let mut processed = 0;
    for (block, packets) in [3_u32, 0, 1, 7, 2].into_iter().enumerate() {
        for packet in 0..packets {
            cursor.begin(Duration::from_secs(5));
            let now = cursor.progress();
            assert_eq!(
                (now.block, now.packet, now.processed),
                (block as u64, packet, processed)
            );
            assert_eq!(
                now.inside_for(Duration::from_secs(7)),
                Duration::from_secs(2)
            );
            cursor.finish();
            processed += 1;
            assert_eq!(cursor.progress().processed, processed);
            assert_eq!(cursor.progress().in_progress, None);
        }
        cursor.next_block();
        assert_eq!(cursor.progress().processed, processed);
    }
}

#[test]
fn a_death_skips_the_packet_in_processing_once() {
    let cursor = cursor();
    assert!(!cursor.skip_in_progress(), "idle: nothing to skip");
    cursor.begin(Duration::ZERO);
    assert!(cursor.skip_in_progress());
    assert!(!cursor.skip_in_progress());
    assert_eq!(cursor.progress().processed, 1);
    assert_eq!(cursor.progress().packet, 1);
}

#[test]
fn both_sides_see_the_same_memory_and_no_other_layout_is_taken() {
    let cursor = cursor();
    let again = RingCursor::open(cursor.as_fd().try_clone_to_owned().expect("dup")).expect("map");
    cursor.begin(Duration::from_nanos(9));
    assert_eq!(again.progress(), cursor.progress());
    assert_eq!(again.geometry(), cursor.geometry());

    let page = CounterPage::<Seen>::create().expect("memfd");
    page.add(Seen::Packets, 2);
    page.set(Seen::Bytes, 128);
    let other = CounterPage::<Seen>::open(page.as_fd().try_clone_to_owned().expect("dup"));
    let values: Vec<_> = other.expect("map").iter().collect();
    assert_eq!(values, [("packets", 2), ("bytes", 128)]);
    let wrong = RingCursor::open(page.as_fd().try_clone_to_owned().expect("dup"));
    assert!(
        matches!(
            wrong,
            Err(SharedError::Size {
                expected: 48,
                found: 16
            })
        ),
        "{wrong:?}"
    );
}

#[test]
fn an_unsealed_file_is_refused() {
    let fd = rustix::fs::memfd_create("plain", rustix::fs::MemfdFlags::CLOEXEC).expect("memfd");
    rustix::fs::ftruncate(&fd, (WORDS * 8) as u64).expect("size");
    assert!(matches!(RingCursor::open(fd), Err(SharedError::NotSealed)));
}
