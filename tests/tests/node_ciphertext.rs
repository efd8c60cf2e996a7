//! The ciphertext of a pod's TLS connections goes by in the kernel; its handshakes do not.
#![expect(
    clippy::print_stdout,
    reason = "the figures are printed for the record"
)]

use std::{env, fs, path::PathBuf, time::Duration};

use anyhow::{Result, ensure};
use dpi_tests::{
    kernel_fixture::skipped,
    lab::{Agent, AgentOptions, Lab, TlsTalk, inspection, unavailable},
};
use rustls::version::{TLS12, TLS13};

/// Time in which a bypass that the first answer brought takes effect, on a busy machine too.
const PAUSE: Duration = Duration::from_secs(1);
const START: Duration = Duration::from_secs(30);
const COMMUNITY: &str = "rules/snort3-community.rules";
/// A hello is seen on its own; `x` fills the data, and is nowhere in it once encrypted.
const RULES: &str = "alert tcp any any -> any 8443 (msg:\"hello\"; ssl_state:client_hello; \
                     content:\"server.example\"; sid:1000001;)\n\
                     alert tcp any any -> any any (msg:\"data\"; content:\"xxxxxxxx\"; \
                     sid:1000002;)\n";

#[test]
fn it_goes_by_in_the_kernel() -> Result<()> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let rules = tempfile::tempdir()?;
    fs::write(rules.path().join("tls.rules"), RULES)?;
    // None of the community's rules may mind.
    let community = env::var_os("DPI_TEST_DATA").map(|data| PathBuf::from(data).join(COMMUNITY));
    match community.filter(|file| file.is_file()) {
        Some(file) => drop(fs::copy(file, rules.path().join("community.rules"))?),
        None => skipped(&format!("DPI_TEST_DATA has no {COMMUNITY}: without them")),
    }
    let lab = Lab::red_and_blue(&[rules.path()])?;
    lab.write_manifest("red.yaml", &inspection("red", "app == 'red'"))?;
    let agent = Agent::start(&lab, &AgentOptions::default())?;
    agent.wait_status("inspection", START, |status| {
        status.text("/state") == "Inspecting"
    })?;
    for (name, version, port) in [("1.2", &TLS12, 8443), ("1.3", &TLS13, 8443)] {
        let before = (agent.settle()?, agent.alerts()?.len());
        let talk = TlsTalk {
            version,
            turns: 400,
            bytes: 20_000,
            pause: PAUSE,
        };
        let bytes = talk.play(lab.pod("red1"), lab.pod("blue1"), port)?;
        let after = agent.settle()?;
        let alerts = agent.alerts()?.split_off(before.1);
        let sids: Vec<u32> = alerts.iter().map(|alert| alert.sid).collect();
        assert_eq!(sids, [1_000_001], "TLS {name}: one hello\n{}", agent.log());
        let grown = |pointer| after.number(pointer) - before.0.number(pointer);
        let (seen, bypassed) = (grown("/packets/seen"), grown("/packets/bypassed/flow"));
        println!(
            "TLS {name}: {bytes} bytes of data, {seen} packets, {bypassed} bypassed as ciphertext"
        );
        ensure!(bypassed * 10 > seen * 8, "TLS {name}: {}", after.balance());
    }
    let end = agent.settle()?;
    println!("{}", end.balance());
    assert_eq!(end.under_way(), 0);
    assert_eq!(end.sum("/packets/dropped"), 0, "{}", end.balance());
    Ok(())
}
