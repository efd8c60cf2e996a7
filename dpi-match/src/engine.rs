//! The engines by name, and which of them this machine can run.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// What a matcher searches with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Engine {
    /// One automaton of the `aho-corasick` crate.
    AhoCorasick,
    /// Substring or byte search of the `memchr` crate, for one literal or three bytes.
    Few,
    /// The sieve without vector instructions.
    Portable,
    /// The sieve with AVX2.
    Avx2,
    /// The sieve with AVX-512 (F, BW, VBMI, VBMI2) and GFNI.
    Avx512,
    /// The sieve with NEON.
    Neon,
}

/// A name that no engine has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no engine is called {0:?}: there are aho-corasick, few, portable, avx2, avx512, neon")]
pub struct UnknownEngine(pub Box<str>);

impl Engine {
    /// Every engine.
    pub const ALL: [Engine; 6] = [
        Engine::AhoCorasick,
        Engine::Few,
        Engine::Portable,
        Engine::Avx2,
        Engine::Avx512,
        Engine::Neon,
    ];

    /// The engine's name.
    pub fn name(self) -> &'static str {
        match self {
            Engine::AhoCorasick => "aho-corasick",
            Engine::Few => "few",
            Engine::Portable => "portable",
            Engine::Avx2 => "avx2",
            Engine::Avx512 => "avx512",
            Engine::Neon => "neon",
        }
    }

    /// Whether this processor has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            Engine::AhoCorasick | Engine::Few | Engine::Portable => true,
            Engine::Avx2 | Engine::Avx512 => x86(self),
            // Every 64-bit Arm processor that runs an operating system has it.
            Engine::Neon => cfg!(all(
                target_arch = "aarch64",
                target_endian = "little",
                not(miri)
            )),
        }
    }

    /// The fastest form of the sieve that this processor can run.
    pub fn best() -> Engine {
        [Engine::Avx512, Engine::Avx2, Engine::Neon]
            .into_iter()
            .find(|engine| engine.is_available())
            .unwrap_or(Engine::Portable)
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
fn x86(engine: Engine) -> bool {
    // Every processor with AVX2 has the others, but a hypervisor may hide them.
    let avx2 = std::is_x86_feature_detected!("avx2")
        && std::is_x86_feature_detected!("bmi1")
        && std::is_x86_feature_detected!("bmi2")
        && std::is_x86_feature_detected!("lzcnt")
        && std::is_x86_feature_detected!("popcnt");
    match engine {
        Engine::Avx2 => avx2,
        _ => {
            avx2 && std::is_x86_feature_detected!("avx512f")
                && std::is_x86_feature_detected!("avx512bw")
                && std::is_x86_feature_detected!("avx512vbmi")
                && std::is_x86_feature_detected!("avx512vbmi2")
                && std::is_x86_feature_detected!("gfni")
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn x86(_engine: Engine) -> bool {
    false
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Engine, UnknownEngine> {
        Engine::ALL
            .into_iter()
            .find(|engine| engine.name() == name)
            .ok_or_else(|| UnknownEngine(name.into()))
    }
}
