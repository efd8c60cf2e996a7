//! Traffic between pods whose losses can be counted, from a program that runs on this machine
//! in the pods' network namespaces: their image has none.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::{pods::RunningPod, running::Cluster};

const UDP_PORT: u16 = 9000;
const TCP_PORT: u16 = 9001;
/// Datagrams a second.
const RATE: u32 = 5_000;
/// Bytes of TCP a second.
const BULK: u32 = 20_000_000;

/// What was lost or repeated on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Losses {
    /// Datagrams sent.
    pub sent: u64,
    /// Of these, the ones that did not arrive.
    pub gaps: u64,
    /// Bytes of TCP, all of which arrived.
    pub bytes: u64,
    /// Segments of TCP that the sender sent again.
    pub retransmitted: u64,
}

/// Numbered datagrams and a bulk connection under way.
#[derive(Debug)]
pub struct PodTraffic {
    udp: [Child; 2],
    tcp: [Child; 2],
}

impl PodTraffic {
    /// Sends for so many seconds. `program` is `traffic` of this package.
    pub fn start(
        cluster: &Cluster,
        program: &Path,
        from: &RunningPod,
        to: &RunningPod,
        seconds: u32,
    ) -> Result<PodTraffic> {
        let run = |pod: &RunningPod, arguments: &[String]| -> Result<Child> {
            let process = cluster.process(pod)?.context("the pod has no process")?;
            let child = Command::new("nsenter")
                .arg(format!("--net=/proc/{process}/ns/net"))
                .arg(program)
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn();
            child.with_context(|| format!("nsenter in {}", pod.name))
        };
        let (udp, tcp) = (
            format!("{}:{UDP_PORT}", to.ip),
            format!("{}:{TCP_PORT}", to.ip),
        );
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        let receivers = [
            run(to, &words(&["udp-recv", &udp, "--idle", "3"]))?,
            run(to, &words(&["tcp-recv", &tcp]))?,
        ];
        std::thread::sleep(std::time::Duration::from_millis(500));
        let (seconds, rate, bulk) = (seconds.to_string(), RATE.to_string(), BULK.to_string());
        let senders = [
            run(
                from,
                &words(&["udp-send", &udp, "--seconds", &seconds, "--rate", &rate]),
            )?,
            run(
                from,
                &words(&["tcp-send", &tcp, "--seconds", &seconds, "--rate", &bulk]),
            )?,
        ];
        let [udp_receiver, tcp_receiver] = receivers;
        let [udp_sender, tcp_sender] = senders;
        Ok(PodTraffic {
            udp: [udp_sender, udp_receiver],
            tcp: [tcp_sender, tcp_receiver],
        })
    }

    /// Waits for its end.
    pub fn finish(self) -> Result<Losses> {
        let [udp_sent, udp_received] = self.udp.map(report);
        let [tcp_sent, tcp_received] = self.tcp.map(report);
        let (udp_sent, udp_received) = (udp_sent?, udp_received?);
        let (tcp_sent, tcp_received) = (tcp_sent?, tcp_received?);
        let number = |report: &Value, name: &str| {
            report[name]
                .as_u64()
                .with_context(|| format!("no {name} in {report}"))
        };
        let bytes = number(&tcp_sent, "sent")?;
        let received = number(&tcp_received, "received")?;
        ensure!(bytes == received, "{bytes} bytes sent, {received} received");
        let sent = number(&udp_sent, "sent")?;
        Ok(Losses {
            sent,
            gaps: sent.saturating_sub(number(&udp_received, "received")?),
            bytes,
            retransmitted: number(&tcp_sent, "retransmitted")?,
        })
    }
}

fn report(child: Child) -> Result<Value> {
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("traffic: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
