//! The agent while pods and inspections come and go: `cargo xtask bench churn`, but short.
#![expect(clippy::print_stdout, reason = "the figures are worth seeing")]

use std::time::Duration;

use anyhow::Result;
use dpi_tests::mock_node::{Options, churn, outage};

#[test]
fn the_kernel_ends_up_with_what_is_desired() -> Result<()> {
    let options = Options {
        time: Duration::from_secs(20),
        pods: 100,
        inspections: 20,
        seed: 1,
    };
    let Some(figures) = churn(options, &mut |line| println!("{line}"))? else {
        return Ok(());
    };
    println!("{figures}");
    assert!(figures.inspected > 0);
    assert!(figures.report_writes <= figures.budget(), "{figures}");
    Ok(())
}

#[test]
fn without_the_api_server_the_next_agent_goes_on_with_what_was_kept() -> Result<()> {
    outage(&mut |line| println!("{line}")).map(drop)
}
