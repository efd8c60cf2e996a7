//! Programs as filters of `clsact`, as on kernels before 6.6.

use std::{
    net::UdpSocket,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use dpi_agent::kernel::AttachMode;
use dpi_common::{Counter, Slot};
use dpi_tests::{
    kernel_fixture::{TestKernel, skipped},
    netns::Netns,
};

/// Sends datagrams from `pod` to `node` and counts those that arrive.
fn arrived(pod: &Netns, node: &Netns, count: usize) -> Result<usize> {
    let server = node.run(|| Ok(UdpSocket::bind("10.1.0.2:7000")?))?;
    server.set_read_timeout(Some(Duration::from_secs(1)))?;
    let client = pod.run(|| Ok(UdpSocket::bind("10.1.0.1:0")?))?;
    for _ in 0..count {
        client.send_to(b"x", "10.1.0.2:7000")?;
    }
    let begun = Instant::now();
    let mut buffer = [0; 2];
    let mut arrived = 0;
    while arrived < count && begun.elapsed() < Duration::from_secs(5) {
        if server.recv(&mut buffer).is_ok() {
            arrived += 1;
        }
    }
    Ok(arrived)
}

#[test]
fn filters_hand_over_are_adopted_and_leave_nothing() -> Result<()> {
    let Some(mut kernel) = TestKernel::open_as(Some(AttachMode::Clsact))? else {
        return Ok(());
    };
    let (node, pod) = (Netns::labelled("node")?, Netns::labelled("pod")?);
    node.veth("va", &pod, "eth0")?;
    node.ip("addr add 10.1.0.2/24 dev va")?;
    pod.ip("addr add 10.1.0.1/24 dev eth0")?;
    node.ip("link add sink0 type veth peer name sink1")?;
    node.ip("link set sink0 up")?;
    if let Err(error) = node.exec("tc qdisc add dev sink1 clsact") {
        skipped(&format!("clsact: {error}"));
        return Ok(());
    }
    kernel.hand_over_to(node.ifindex("sink0")?)?;
    let index = node.ifindex("va")?;
    let slot = Slot::new_checked(3).context("slot")?;
    node.run(|| Ok(kernel.attach(index, "va", slot)?))?;
    let filters = || -> Result<usize> {
        let each = ["ingress", "egress"].map(|side| {
            let text = node.exec(&format!("tc filter show dev va {side}"))?;
            Ok(text.matches("dpi_").count())
        });
        each.into_iter().sum()
    };
    ensure!(filters()? >= 2, "no filters are shown");

    let before = kernel.counters()?;
    assert_eq!(arrived(&pod, &node, 50)?, 50);
    let counted = kernel.counters()?.since(&before);
    ensure!(counted.get(Counter::HandedOver) >= 50, "{counted:?}");
    assert_eq!(counted.get(Counter::HandedOver), counted.get(Counter::Seen));

    // The next agent finds the filters by their number and puts its own in their place.
    let shown = filters()?;
    node.run(|| kernel.restart())?;
    assert_eq!(filters()?, shown, "filters pile up");
    let before = kernel.counters()?;
    assert_eq!(arrived(&pod, &node, 50)?, 50);
    let counted = kernel.counters()?.since(&before);
    ensure!(counted.get(Counter::Seen) >= 50, "{counted:?}");

    node.run(|| Ok(kernel.detach(index)?))?;
    assert_eq!(filters()?, 0);
    Ok(())
}
