//! Traffic from pod `a` to pod `b`, and what it costs.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use dpi_tests::lab::Lab;

use crate::{
    cpu::Meter,
    pods,
    road::{Road, Setting},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// TCP in super-packets
    Gso,
    /// TCP in packets of 1514 bytes
    Mtu,
    /// Small datagrams
    Small,
}

const PORT: u16 = 5001;

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::Gso, Kind::Mtu, Kind::Small];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Kind::Gso => "TCP in super-packets (GSO)",
            Kind::Mtu => "TCP in packets of 1514 bytes (no offloads)",
            Kind::Small => "UDP datagrams of 64 bytes",
        }
    }

    pub(crate) fn unit(self) -> &'static str {
        match self {
            Kind::Gso | Kind::Mtu => "CPU-s/GB",
            Kind::Small => "us/packet",
        }
    }

    /// Offloads as the kind needs them.
    pub(crate) fn prepare(self, lab: &Lab) -> Result<()> {
        let offloads = if self == Kind::Mtu { "off" } else { "on" };
        let (a, b) = pods(lab);
        for (netns, device) in [
            (&a.netns, "eth0"),
            (&b.netns, "eth0"),
            (&lab.node, "cali-a"),
            (&lab.node, "cali-b"),
        ] {
            netns.exec(&format!(
                "ethtool -K {device} tso {offloads} gso {offloads} gro off"
            ))?;
        }
        Ok(())
    }

    /// Traffic for so long; its cost in [`Kind::unit`].
    pub(crate) fn run(self, road: &mut Road, setting: Setting, seconds: f64) -> Result<f64> {
        let cost = match self {
            Kind::Gso | Kind::Mtu => tcp(road, setting, seconds),
            Kind::Small => udp(road, setting, seconds),
        }?;
        road.clear()?;
        Ok(cost)
    }
}

fn ends(road: &Road, port: u16) -> [(Ipv4Addr, u16); 2] {
    let (a, b) = pods(&road.lab);
    [(a.ip, port), (b.ip, PORT)]
}

fn tcp(road: &mut Road, setting: Setting, seconds: f64) -> Result<f64> {
    let (a, b) = pods(&road.lab);
    let listener = b
        .netns
        .run(|| Ok(TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT))?))?;
    let to = (b.ip, PORT);
    let mut client = a.netns.run(|| Ok(TcpStream::connect(to)?))?;
    let (mut server, _) = listener.accept()?;
    let ends = ends(road, client.local_addr()?.port());
    // The SYN would take the bypass away again.
    road.set(setting, 6, ends)?;
    let receiver = std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 18];
        let mut total = 0_u64;
        while let Ok(read @ 1..) = server.read(&mut buffer) {
            total += read as u64;
        }
        total
    });
    let chunk = vec![b'x'; 1 << 18];
    let meter = Meter::new()?;
    let before = meter.seconds()?;
    let begun = Instant::now();
    while begun.elapsed().as_secs_f64() < seconds {
        client.write_all(&chunk)?;
    }
    drop(client);
    let total = receiver.join().ok().context("the receiver panicked")?;
    let spent = meter.seconds()? - before;
    ensure!(total > 0, "nothing was sent");
    Ok(spent / (total as f64 / 1e9))
}

fn udp(road: &mut Road, setting: Setting, seconds: f64) -> Result<f64> {
    let (a, b) = pods(&road.lab);
    let server = b
        .netns
        .run(|| Ok(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT))?))?;
    server.set_read_timeout(Some(Duration::from_millis(200)))?;
    let client = a.netns.run(|| Ok(UdpSocket::bind((a.ip, 0))?))?;
    client.connect((b.ip, PORT))?;
    let ends = ends(road, client.local_addr()?.port());
    road.set(setting, 17, ends)?;
    let receiver = std::thread::spawn(move || {
        let mut buffer = [0; 64];
        let mut total = 0_u64;
        while server.recv(&mut buffer).is_ok() {
            total += 1;
        }
        total
    });
    let meter = Meter::new()?;
    let before = meter.seconds()?;
    let begun = Instant::now();
    let mut sent = 0_u64;
    while begun.elapsed().as_secs_f64() < seconds {
        for _ in 0..64 {
            client.send(&[0; 22])?;
            sent += 1;
        }
    }
    receiver.join().ok().context("the receiver panicked")?;
    let spent = meter.seconds()? - before;
    Ok(spent / sent as f64 * 1e6)
}
