//! The programs alone, by `BPF_PROG_TEST_RUN`.

use std::time::Duration;

use anyhow::{Result, bail};
use aya::TestRunOptions;
use dpi_agent::kernel::{Hook, SharedInterface, Sink as Target};
use dpi_capture::{Sink, sink::Preference};
use dpi_common::{FlowKey, FlowTuple, PortBitmap, Slot, flow::IPV4};
use dpi_tests::{
    kernel_fixture::TestKernel,
    kernel_frames::{Ipv4, udp},
    netns::Netns,
};

use crate::median;

/// The test runner takes frames as of the loopback interface.
const LOOPBACK: u32 = 1;
const REPEAT: u32 = 200_000;
const LEASE: Duration = Duration::from_secs(300);

/// Nanoseconds a packet of 64 bytes for each verdict.
pub(crate) fn measure(rounds: usize) -> Result<Vec<(&'static str, f64)>> {
    let Some(mut kernel) = TestKernel::open()? else {
        bail!("the programs cannot be loaded");
    };
    let netns = Netns::new()?;
    netns.run(|| {
        let sink = Sink::create(Preference::Auto, "bench-sink")?;
        let results = each(&mut kernel, &sink, rounds);
        sink.remove()?;
        results
    })
}

type Prepare = fn(&mut TestKernel) -> Result<()>;

fn each(kernel: &mut TestKernel, sink: &Sink, rounds: usize) -> Result<Vec<(&'static str, f64)>> {
    let redirect = sink.redirect();
    kernel.renew_lease(LEASE)?;
    kernel.set_sink(Some(Target {
        ifindex: redirect.ifindex,
        flags: u32::try_from(redirect.flags)?,
    }))?;
    let table: [(&str, Hook, Prepare); 6] = [
        ("a program that does nothing", Hook::SinkDrop, |_| Ok(())),
        ("interface not selected", Hook::Ingress, |_| Ok(())),
        ("cgroup not selected", Hook::Egress, |kernel| {
            let shared = SharedInterface {
                cgroups: true,
                pod_ips: false,
            };
            kernel.set_cgroup(u64::MAX, 1, Slot::new_checked(2))?;
            Ok(kernel.attach_shared(LOOPBACK, "lo", shared)?)
        }),
        ("selected, no rule for the port", Hook::Ingress, |kernel| {
            kernel.set_ports(&PortBitmap::NOTHING)?;
            select(kernel)
        }),
        ("selected, flow bypassed", Hook::Ingress, |kernel| {
            kernel.set_ports(&PortBitmap::EVERYTHING)?;
            select(kernel)?;
            kernel.set_epoch(1)?;
            kernel.add_bypass(&[flow()])?;
            Ok(())
        }),
        ("selected, handed over", Hook::Ingress, |kernel| {
            Ok(kernel.set_epoch(2)?)
        }),
    ];
    let frame = Ipv4::default().frame(17, &udp(1000, 2000, &[0; 22]));
    let mut results = Vec::new();
    for (name, hook, prepare) in table {
        prepare(kernel)?;
        let mut nanos = Vec::new();
        for _ in 0..rounds {
            let result = kernel.test_run(
                hook,
                TestRunOptions {
                    data_in: Some(&frame),
                    repeat: REPEAT,
                    ..TestRunOptions::default()
                },
            )?;
            // The kernel gives the mean in whole nanoseconds.
            nanos.push(result.duration.as_secs_f64() * 1e9);
        }
        results.push((name, median(nanos)));
    }
    Ok(results)
}

fn select(kernel: &mut TestKernel) -> Result<()> {
    kernel.detach(LOOPBACK)?;
    let slot = Slot::new_checked(1).unwrap_or(Slot::MAX);
    Ok(kernel.attach(LOOPBACK, "lo", slot)?)
}

fn flow() -> FlowKey {
    let [src, dst] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(|ip| [u32::from_ne_bytes(ip), 0, 0, 0]);
    FlowKey {
        tuple: FlowTuple::new(IPV4, 17, (&src, 1000), (&dst, 2000)),
        slot: 1,
        epoch: 1,
    }
}
