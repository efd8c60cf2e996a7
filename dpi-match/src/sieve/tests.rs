//! Every filter in every form, on plans that the chooser would not make.

use proptest::prelude::*;

use super::{
    filter::{Batch, Bitmap, Bloom, CHUNK, Filter, Masks, Part, Span, Teddy},
    forms::FORMS,
    *,
};
use crate::{FilterKind, MpmStats, fuzz::naive};

fn engines() -> Vec<Engine> {
    [Engine::Portable, Engine::Avx2, Engine::Avx512, Engine::Neon]
        .into_iter()
        .filter(|engine| engine.is_available())
        .collect()
}

fn scan(sieve: &Sieve, haystack: &[u8], from: usize) -> (Vec<(usize, u32)>, MpmStats) {
    let mut scratch = MpmScratch::default();
    let mut all = Vec::new();
    sieve.scan(haystack, from, &mut scratch, &mut |id, end| {
        all.push((end, id.0));
        true
    });
    let mut by_id = all.clone();
    by_id.sort_by_key(|(_, id)| *id);
    let rising = by_id.is_sorted_by_key(|(end, id)| (*id, *end));
    assert!(rising, "{}", sieve.plan());
    all.sort_unstable();
    (all, scratch.stats())
}

fn pattern(bytes: impl Into<Vec<u8>>, nocase: bool) -> Pattern {
    Pattern {
        bytes: bytes.into().into(),
        nocase,
    }
}

fn alphabet() -> impl Strategy<Value = u8> {
    prop::sample::select(b"aAbBcC\x00 \xff".to_vec())
}

fn config() -> ProptestConfig {
    let config = ProptestConfig::with_cases(96);
    if cfg!(miri) {
        // Miri takes its time, and reads no files.
        ProptestConfig {
            cases: 2,
            failure_persistence: None,
            ..config
        }
    } else {
        config
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_form_equals_naive(
        patterns in prop::collection::vec((prop::collection::vec(alphabet(), 1..12), any::<bool>()), 1..20),
        haystack in prop::collection::vec(alphabet(), 0..260),
        from in 0usize..260,
    ) {
        let patterns: Vec<Pattern> = patterns.into_iter().map(|(b, n)| pattern(b, n)).collect();
        let expected = naive(&patterns, &haystack, from);
        for form in FORMS {
            for engine in engines() {
                let sieve = Sieve::in_form(&patterns, form, engine);
                prop_assert_eq!(&scan(&sieve, &haystack, from).0, &expected, "{}", sieve.plan());
            }
        }
    }

    #[test]
    fn vector_forms_set_the_same_bits(
        windows in prop::collection::vec((any::<[u8; 4]>(), any::<bool>()), 1..60),
        haystack in prop::collection::vec(any::<u8>(), 0..400),
        planted in prop::collection::vec((any::<prop::sample::Index>(), 0usize..400), 0..20),
        begin in 0usize..80,
        width in 1usize..5,
    ) {
        let mut haystack = haystack;
        for (window, at) in planted {
            let bytes = window.get(&windows).0;
            for (to, from) in haystack.iter_mut().skip(at).zip(bytes) {
                *to = from;
            }
        }
        let span = Span { begin: begin.min(haystack.len()), end: haystack.len().min(begin.min(haystack.len()) + CHUNK) };
        let mut parts: Vec<Part<'_>> = windows
            .iter()
            .map(|(bytes, nocase)| Part { bytes: &bytes[..width], nocase: *nocase })
            .collect();
        let keys: Vec<u32> = windows.iter().map(|(bytes, _)| u32::from_le_bytes(*bytes)).collect();
        let mut filters = vec![Filter::Teddy(Teddy::new(&mut parts, width))];
        for length in [128, 256, 512] {
            filters.push(Filter::Bloom(Bloom::new(&keys, width.max(3), length)));
        }
        for stride in [1, 2, 4] {
            filters.push(Filter::Bitmap(Bitmap::new(&keys, width.max(3), stride)));
        }
        for filter in filters {
            let mut portable: Masks = [0; CHUNK / 64];
            let words = filter.fill(Form::new(Engine::Portable), &haystack, span, &mut portable, &mut Batch::default());
            for engine in engines() {
                let mut masks: Masks = [0; CHUNK / 64];
                prop_assert_eq!(filter.fill(Form::new(engine), &haystack, span, &mut masks, &mut Batch::default()), words);
                prop_assert_eq!(&masks[..words], &portable[..words], "{:?} {}", filter.kind(), engine);
            }
        }
    }
}

#[test]
fn offsets_are_those_of_the_bits() {
    let mut random = 1u64;
    let mut next = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        random ^ random >> 29
    };
    for density in (0..8).step_by(if cfg!(miri) { 3 } else { 1 }) {
        let mut masks: Masks = [u64::MAX; CHUNK / 64];
        for mask in &mut masks {
            for _ in 0..density {
                *mask &= next();
            }
        }
        for stride in [1, 2, 4] {
            let words = CHUNK / 64 / stride - usize::from(density > 3);
            let bits = (0..64 * words).filter(|bit| masks[bit / 64] >> (bit % 64) & 1 != 0);
            let expected: Vec<u16> = bits
                .map(|bit| u16::try_from(bit * stride).unwrap())
                .collect();
            for engine in engines() {
                let mut at = [0; CHUNK + 64];
                let count = kernel::flatten(Form::new(engine), &masks, words, stride, &mut at);
                assert_eq!(at[..count], expected, "{engine}, stride {stride}");
            }
        }
    }
}

#[test]
fn a_flood_of_near_matches_is_taken_over() {
    // Sixty literals that differ in case alone, all at their end, and a haystack in another
    // case: each position leads to all of them, and each is compared to its last bytes.
    let count = 60;
    // Miri takes hours for what others do in a second: it gets fewer bytes, one form, and one
    // begin.
    let length = if cfg!(miri) { 240 } else { 3_000 };
    let forms = FORMS
        .iter()
        .filter(|form| !cfg!(miri) || **form == (FilterKind::Bitmap, 4, 4));
    let variant = |i: u8| {
        let mut bytes = vec![b'a'; 40];
        for bit in (0..8).filter(|bit| i >> bit & 1 != 0) {
            bytes[32 + bit] = b'A';
        }
        bytes
    };
    let mut patterns: Vec<Pattern> = (1..=count).map(|i| pattern(variant(i), false)).collect();
    patterns.push(pattern(*b"bb", false));
    patterns.push(pattern(*b"xyzxyz", false));
    let mut haystack = vec![b'a'; length];
    haystack.extend_from_slice(b"bb xyzxyz ");
    haystack.extend_from_slice(&variant(7));
    haystack.extend_from_slice(b"xyzxyz\x00bb");
    let expected = naive(&patterns, &haystack, 0);
    assert!(!expected.is_empty());
    for (kind, width, stride) in forms {
        for engine in engines() {
            let sieve = Sieve::in_form(&patterns, (*kind, *width, *stride), engine);
            let (found, stats) = scan(&sieve, &haystack, 0);
            assert_eq!(found, expected, "{}", sieve.plan());
            assert_eq!(stats.takeovers, 1, "{}", sieve.plan());
            // One more position may be finished: all literals of at most nine comparisons.
            let most = takeover::allowance(haystack.len()) + u64::from(count) * 10 * *stride as u64;
            assert!(stats.comparisons <= most, "{stats:?}, at most {most}");
            for from in [1, 300, 349, haystack.len() - 80, haystack.len() - 1] {
                if cfg!(miri) && from + 80 != haystack.len() {
                    continue;
                }
                let expected = naive(&patterns, &haystack, from);
                assert_eq!(
                    scan(&sieve, &haystack, from).0,
                    expected,
                    "{} {from}",
                    sieve.plan()
                );
            }
        }
    }
}

#[test]
fn a_flood_of_matches_costs_a_few_comparisons_a_byte() {
    let patterns: Vec<Pattern> = ["ab", "abab", "babababa", "~"]
        .into_iter()
        .map(|text| pattern(text, false))
        .collect();
    let haystack = b"ab".repeat(if cfg!(miri) { 40 } else { 2000 });
    for engine in engines() {
        let sieve = Sieve::new(&patterns, engine);
        let (found, stats) = scan(&sieve, &haystack, 0);
        assert_eq!(found, naive(&patterns, &haystack, 0));
        assert_eq!(stats.takeovers, 0, "{stats:?}");
        assert!(stats.comparisons <= 4 * haystack.len() as u64, "{stats:?}");
    }
}

#[test]
fn memory_is_less_than_300_bytes_a_pattern() {
    let count = if cfg!(miri) { 120 } else { 4000 };
    let patterns: Vec<Pattern> = (0..count)
        .map(|i| pattern(format!("/{:x}/{:o}.php", i * 40_503_u32, i), i % 3 > 0))
        .collect();
    for engine in engines() {
        let sieve = Sieve::new(&patterns, engine);
        assert!(sieve.memory() <= 300 * patterns.len(), "{}", sieve.memory());
    }
}

#[test]
fn scratch_is_small() {
    assert!(MpmScratch::default().memory() <= 16 << 10);
}
