//! Loading rules: how long it takes and what it leaves in memory.

use std::{alloc::System, path::Path, sync::Arc, time::Instant};

use anyhow::Result;
use dpi_agent::ruleset::{self, Dialect};
use dpi_snort::{Config, detection::Detection};
use stats_alloc::{Region, StatsAlloc};

use crate::{
    cpu::{resident_mb, user_seconds},
    median,
};

pub(crate) fn measure(
    path: &Path,
    rounds: usize,
    allocator: &'static StatsAlloc<System>,
) -> Result<()> {
    let before = resident_mb()?;
    let mut kept = None;
    let (mut wall, mut user, mut held, mut resident) = (vec![], vec![], 0.0, 0.0);
    for round in 0..rounds {
        drop(kept.take());
        let region = Region::new(allocator);
        let (start, cpu) = (Instant::now(), user_seconds()?);
        let loaded = ruleset::load(&[path.to_path_buf()], Dialect::Auto, Arc::default());
        let (detection, _) = Detection::compile(loaded.ruleset, &Config::default())?;
        wall.push(start.elapsed().as_secs_f64());
        user.push(user_seconds()? - cpu);
        let change = region.change();
        held = change
            .bytes_allocated
            .saturating_sub(change.bytes_deallocated) as f64
            / 1e6;
        if round == 0 {
            // Later rounds find pages that the first has left.
            resident = resident_mb()? - before;
        }
        kept = Some(detection);
    }
    let rules = kept.as_ref().map_or(0, Detection::len);
    println!(
        "{rules} rules of {} (median of {rounds} rounds)",
        path.display()
    );
    println!("  read and compiled in     {:>8.3} s", median(wall));
    println!("  user CPU                 {:>8.3} s", median(user));
    println!("  held by the heap         {held:>8.1} MB");
    println!("  resident memory, more by {resident:>8.1} MB");
    Ok(())
}
