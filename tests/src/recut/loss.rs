//! Captures with packets missing.

use std::{collections::BTreeSet, net::IpAddr};

use super::segment::addresses;
use crate::{capture_file::CaptureFile, random::Random};

/// A capture with packets missing.
#[derive(Clone, Debug)]
pub struct Loss {
    /// What is left.
    pub capture: CaptureFile,
    /// How many packets are missing.
    pub missing: usize,
    ends: BTreeSet<(IpAddr, IpAddr)>,
    /// A packet is missing whose ends are not known.
    unknown: bool,
}

impl Loss {
    /// Whether a packet between these addresses may be missing, in either direction, or of
    /// a tunnel that could have held one.
    pub fn touches(&self, a: IpAddr, b: IpAddr) -> bool {
        self.unknown || self.ends.contains(&(a, b)) || self.ends.contains(&(b, a))
    }
}

/// The capture without so many of each thousand packets, drawn by `seed`.
pub fn lose(capture: &CaptureFile, per_mille: u32, seed: u64) -> Loss {
    let mut loss = Loss {
        capture: CaptureFile {
            link_type: capture.link_type,
            packets: Vec::new(),
        },
        missing: 0,
        ends: BTreeSet::new(),
        unknown: false,
    };
    let mut random = Random::new(seed);
    for packet in &capture.packets {
        if random.below(1000) >= per_mille {
            loss.capture.packets.push(packet.clone());
            continue;
        }
        loss.missing += 1;
        match addresses(capture.link_type, &packet.bytes) {
            Some(ends) => {
                loss.ends.insert(ends);
            }
            None => loss.unknown = true,
        }
    }
    loss
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_as_many_are_missing_as_asked_for() {
        let capture = CaptureFile::of_frames((0..10_000).map(|_| vec![0]));
        for (per_mille, range) in [(0, 0..=0), (10, 50..=200), (1000, 10_000..=10_000)] {
            let loss = lose(&capture, per_mille, 1);
            assert!(
                range.contains(&loss.missing),
                "{per_mille}: {}",
                loss.missing
            );
            assert_eq!(loss.capture.packets.len() + loss.missing, 10_000);
            assert_eq!(loss.touches([1; 4].into(), [2; 4].into()), per_mille > 0);
        }
    }

    #[test]
    fn the_ends_of_missing_packets_are_known() {
        let mut frame = vec![0; 12];
        frame.extend([8, 0, 0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0]);
        frame.extend([1, 1, 1, 1, 2, 2, 2, 2]);
        let loss = lose(&CaptureFile::of_frames([frame]), 1000, 1);
        let (a, b, c) = ([1; 4].into(), [2; 4].into(), [3; 4].into());
        assert!(loss.touches(a, b) && loss.touches(b, a));
        assert!(!loss.touches(a, c));
    }
}
