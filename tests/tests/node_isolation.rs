//! What a selected pod's traffic at full rate means for the others on its node: nothing of
//! theirs is handed over.
#![expect(clippy::print_stdout, reason = "the figures are worth seeing")]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use dpi_tests::{
    kernel_fixture::skipped,
    lab::{Agent, AgentOptions, Bulk, Lab, UdpStream, inspection, unavailable, wait_for},
};

const START: Duration = Duration::from_secs(30);
const TIME: Duration = Duration::from_secs(5);
/// Bytes a second of the selected pod.
const BULK: u64 = 1_000_000_000;
/// Datagrams a second between the others.
const OTHERS: u64 = 20_000;

#[test]
fn at_a_gigabyte_a_second_nothing_of_others_is_handed_over() -> Result<()> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let lab = Lab::red_and_blue(&[&rules])?;
    lab.write_manifest("red.yaml", &inspection("red", "app == 'red'"))?;
    let agent = Agent::start(&lab, &AgentOptions::default())?;
    wait_for("programs", START, || Ok(lab.all_programs()? == 4))?;

    let before = (
        agent.settle()?,
        crossed(&lab, "red")?,
        crossed(&lab, "blue")?,
    );
    let begun = Instant::now();
    let bulk = Bulk::start(lab.pod("red1"), lab.pod("red2"), 9001, BULK)?;
    let others = UdpStream::start(lab.pod("blue1"), lab.pod("blue2"), 9000, OTHERS)?;
    std::thread::sleep(TIME);
    let seconds = begun.elapsed().as_secs_f64();
    let (sent, received) = bulk.finish()?;
    let (datagrams, lost) = others.finish()?;
    ensure!(sent == received, "{sent} bytes sent, {received} received");
    let after = (
        agent.settle()?,
        crossed(&lab, "red")?,
        crossed(&lab, "blue")?,
    );

    let difference = |pointer: &str| after.0.number(pointer) - before.0.number(pointer);
    let seen = difference("/packets/seen");
    let handed_over = difference("/account/kernel/handed_over");
    let (red, blue) = (after.1 - before.1, after.2 - before.2);
    #[expect(clippy::cast_precision_loss, reason = "a rate in three digits")]
    let rate = sent as f64 / seconds / 1e9;
    println!(
        "selected: {rate:.2} GB/s, {red} packets on their interfaces, {seen} seen, {handed_over} \
         handed over\nothers: {datagrams} datagrams ({lost} lost), {blue} packets on their \
         interfaces, {} handed over",
        seen.saturating_sub(red)
    );
    println!("{}", after.0.balance());
    // Each packet of the selected ones was seen once for each interface that it crossed, so
    // that no other was.
    assert_eq!(seen, red);
    assert!(blue >= datagrams, "{blue} packets of others");
    for pod in ["blue1", "blue2"] {
        assert_eq!(lab.programs(&lab.pod(pod).interface)?, 0, "{pod}");
    }
    Ok(())
}

/// Packets that crossed the interfaces of the pods of this colour, in either direction.
fn crossed(lab: &Lab, colour: &str) -> Result<u64> {
    let pods = lab.pods.iter().filter(|pod| pod.name.starts_with(colour));
    let mut sum = 0;
    for pod in pods {
        let text = lab
            .node
            .run(|| Ok(fs::read_to_string("/proc/thread-self/net/dev")?))?;
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(&format!("{}:", pod.interface)));
        let line = line.with_context(|| format!("no counters of {}", pod.interface))?;
        let mut fields = line.split_whitespace().map(str::parse::<u64>);
        // Received packets are the second field, sent ones the tenth.
        let received = fields.nth(1).context("too few fields")??;
        let sent = fields.nth(7).context("too few fields")??;
        sum += received + sent;
    }
    Ok(sum)
}
