//! Tables for the reader, JSON for machines.

use serde_json::{Value, json};

use crate::{
    engines::Built,
    measure::{Cell, Measured},
    sets::Set,
};

/// What it took to build the engines of a set.
pub(crate) fn built(set: &Set, engines: &[Built]) {
    println!("\n{} ({} patterns)", set.name, set.patterns.len());
    for engine in engines {
        println!(
            "  {:<10} {:>8.1} ms {:>10} bytes, {:.0} a pattern  {}",
            engine.name,
            engine.build.as_secs_f64() * 1e3,
            engine.memory,
            engine.memory as f64 / set.patterns.len() as f64,
            engine.plan
        );
    }
}

/// One line: GB/s of each engine.
pub(crate) fn cell(cell: &Cell, ghz: f64) {
    print!(
        "  {:<14} {:>6.1} matches/kB ",
        cell.corpus,
        cell.matches as f64 * 1e3 / cell.bytes as f64
    );
    for result in &cell.results {
        print!(" {} {:.2}", result.engine, gigabytes(cell, result));
    }
    if let Some(first) = cell.results.first() {
        let nanoseconds = first.median.as_secs_f64() * 1e9;
        print!("  | {:.2} cycles/B", nanoseconds * ghz / cell.bytes as f64);
        print!(", {:.0} ns a buffer", nanoseconds / cell.buffers as f64);
        if let Some(stats) = first.stats {
            let per_kilobyte = |count: u64| count as f64 * 1e3 / cell.bytes as f64;
            print!(
                ", {:.1} candidates/kB, {:.1} survivors",
                per_kilobyte(stats.candidates),
                per_kilobyte(stats.survivors)
            );
        }
    }
    println!();
}

/// Geometric means of the first engine against the others, by size of the set.
pub(crate) fn summary(cells: &[Cell]) {
    println!("\ngeometric means of the first engine's speed by that of others");
    for (text, low, high) in [
        ("at most 250 patterns", 0, 251),
        ("251 to 1899", 251, 1900),
        ("1900 and more", 1900, usize::MAX),
    ] {
        let within: Vec<&Cell> = cells
            .iter()
            .filter(|cell| (low..high).contains(&cell.patterns))
            .collect();
        let mut names: Vec<&str> = Vec::new();
        for result in within.iter().flat_map(|cell| cell.results.iter().skip(1)) {
            if !names.contains(&result.engine) {
                names.push(result.engine);
            }
        }
        for name in names {
            let logs: Vec<f64> = within
                .iter()
                .filter_map(|cell| ratio(cell, name))
                .map(f64::ln)
                .collect();
            let mean = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
            println!("  {text}: {mean:.2} × {name} ({} cells)", logs.len());
        }
    }
}

fn ratio(cell: &Cell, engine: &str) -> Option<f64> {
    let other = cell.results.iter().find(|result| result.engine == engine)?;
    let first = cell.results.first()?;
    Some(other.median.as_secs_f64() / first.median.as_secs_f64())
}

fn gigabytes(cell: &Cell, result: &Measured) -> f64 {
    cell.bytes as f64 / result.median.as_secs_f64() / 1e9
}

/// Everything.
pub(crate) fn json(cells: &[Cell], ghz: f64) -> Value {
    let result = |cell: &Cell, result: &Measured| {
        json!({
            "engine": result.engine,
            "plan": result.plan,
            "gb_per_s": gigabytes(cell, result),
            "cycles_per_byte": result.median.as_secs_f64() * 1e9 * ghz / cell.bytes as f64,
            "ns_per_buffer": result.median.as_secs_f64() * 1e9 / cell.buffers as f64,
            "build_ms": result.build.as_secs_f64() * 1e3,
            "memory_bytes": result.memory,
            "candidates": result.stats.map(|stats| stats.candidates),
            "survivors": result.stats.map(|stats| stats.survivors),
            "comparisons": result.stats.map(|stats| stats.comparisons),
            "takeovers": result.stats.map(|stats| stats.takeovers),
        })
    };
    let cells: Vec<Value> = cells
        .iter()
        .map(|cell| {
            json!({
                "set": cell.set,
                "patterns": cell.patterns,
                "corpus": cell.corpus,
                "bytes": cell.bytes,
                "buffers": cell.buffers,
                "matches": cell.matches,
                "engines": cell.results.iter().map(|r| result(cell, r)).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "ghz": ghz, "arch": std::env::consts::ARCH, "cells": cells })
}
