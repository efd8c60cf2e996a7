//! Two pods on a node, the programs on the first one's interface, and what they are told.

use std::{
    net::Ipv4Addr,
    os::fd::AsFd as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use aya::maps::{HashMap, Map, MapData};
use dpi_agent::kernel::{SharedInterface, Sink as Target};
use dpi_capture::{Geometry, Ring, RingCursor, RingOptions, RingReader, Sink, sink::Preference};
use dpi_common::{FlowKey, FlowTuple, PortBitmap, Slot, flow::IPV4, names};
use dpi_tests::{kernel_fixture::TestKernel, lab::Lab};

/// What the programs do with the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    None,
    Unknown,
    Unselected,
    NoRule,
    Bypassed,
    HandedOver,
}

impl Setting {
    /// The first is what the others are compared with.
    pub(crate) const ALL: [Setting; 6] = [
        Setting::None,
        Setting::Unknown,
        Setting::Unselected,
        Setting::NoRule,
        Setting::Bypassed,
        Setting::HandedOver,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Setting::None => "no program",
            Setting::Unknown => "program, interface not selected",
            Setting::Unselected => "program, cgroup not selected",
            Setting::NoRule => "selected, no rule for the port",
            Setting::Bypassed => "selected, flow bypassed",
            Setting::HandedOver => "selected, handed over and read",
        }
    }
}

/// Rings that are read by a thread each.
const READERS: u32 = 2;
const SLOT: u32 = 1;

pub(crate) struct Road {
    pub(crate) lab: Lab,
    kernel: TestKernel,
    index: u32,
    rings: Vec<Ring>,
    reported: u64,
    stop: Arc<AtomicBool>,
    readers: Vec<JoinHandle<()>>,
    epoch: u32,
    _sink: Sink,
}

impl Road {
    pub(crate) fn new() -> Result<Road> {
        let Some(mut kernel) = TestKernel::open()? else {
            bail!("the programs cannot be loaded");
        };
        let mut lab = Lab::new(&[])?;
        lab.add_pod("a", Ipv4Addr::new(10, 77, 1, 1), &[("app", "a")])?;
        lab.add_pod("b", Ipv4Addr::new(10, 77, 1, 2), &[("app", "b")])?;
        let index = lab.node.ifindex("cali-a")?;
        let (sink, rings) = lab.node.run(|| {
            let sink = Sink::create(Preference::Auto, Sink::NAME)?;
            let redirect = sink.redirect();
            kernel.set_sink(Some(Target {
                ifindex: redirect.ifindex,
                flags: u32::try_from(redirect.flags)?,
            }))?;
            let rings = Ring::open_group(&RingOptions {
                ifindex: sink.ifindex(),
                geometry: Geometry::within(64 << 20),
                readers: READERS,
                retire_ms: 10,
                ignore_outgoing: sink.ignore_outgoing(),
            })?;
            Ok((sink, rings))
        })?;
        println!("\nsink: {}", sink.kind());
        let stop = Arc::new(AtomicBool::new(false));
        let readers = rings
            .iter()
            .map(|ring| reader(ring, &stop))
            .collect::<Result<_>>()?;
        Ok(Road {
            lab,
            kernel,
            index,
            rings,
            reported: 0,
            stop,
            readers,
            epoch: 1,
            _sink: sink,
        })
    }

    /// Puts a setting into force for traffic between these ends, which is on its way.
    pub(crate) fn set(
        &mut self,
        setting: Setting,
        protocol: u8,
        ends: [(Ipv4Addr, u16); 2],
    ) -> Result<()> {
        self.kernel.renew_lease(Duration::from_secs(60))?;
        self.epoch += 1;
        self.kernel.set_epoch(self.epoch)?;
        let ports = match setting {
            Setting::NoRule => &PortBitmap::NOTHING,
            _ => &PortBitmap::EVERYTHING,
        };
        self.kernel.set_ports(ports)?;
        let (kernel, index) = (&mut self.kernel, self.index);
        self.lab.node.run(|| {
            kernel.detach(index)?;
            match setting {
                Setting::None => Ok(()),
                Setting::Unselected => {
                    kernel.set_cgroup(u64::MAX, 1, Slot::new_checked(2))?;
                    let shared = SharedInterface {
                        cgroups: true,
                        pod_ips: false,
                    };
                    Ok(kernel.attach_shared(index, "cali-a", shared)?)
                }
                _ => {
                    let slot = Slot::new_checked(SLOT).context("slot")?;
                    Ok(kernel.attach(index, "cali-a", slot)?)
                }
            }
        })?;
        if setting == Setting::Unknown {
            self.forget()?;
        }
        if setting == Setting::Bypassed {
            let [src, dst] = ends.map(|(ip, _)| [u32::from_ne_bytes(ip.octets()), 0, 0, 0]);
            let flow = FlowKey {
                tuple: FlowTuple::new(IPV4, protocol, (&src, ends[0].1), (&dst, ends[1].1)),
                slot: SLOT,
                epoch: self.epoch,
            };
            self.kernel.add_bypass(&[flow])?;
        }
        Ok(())
    }

    /// Leaves the programs on the interface, and takes it out of what they know. The agent never
    /// does: what is not selected has no program.
    fn forget(&self) -> Result<()> {
        let pins = &self.kernel.options().pin_dir;
        let pin = pins.join(format!(
            "abi-{}/maps/{}",
            names::ABI_VERSION,
            names::INTERFACES
        ));
        let map = Map::HashMap(MapData::from_pin(&pin).context("the interfaces' pin")?);
        let mut interfaces: HashMap<MapData, u32, [u32; 2]> = HashMap::try_from(map)?;
        Ok(interfaces.remove(&self.index)?)
    }

    /// Takes the programs off.
    pub(crate) fn clear(&mut self) -> Result<()> {
        self.set(Setting::None, 0, [(Ipv4Addr::UNSPECIFIED, 0); 2])
    }

    /// Packets that found the rings full since it was last asked, if any.
    pub(crate) fn ring_drops(&mut self) -> Result<Option<u64>> {
        let mut dropped = 0;
        for ring in &mut self.rings {
            dropped += ring.statistics()?.dropped;
        }
        let new = dropped - self.reported;
        self.reported = dropped;
        Ok((new > 0).then_some(new))
    }
}

/// Reads a ring as a worker does, and looks at one byte of each frame.
fn reader(ring: &Ring, stop: &Arc<AtomicBool>) -> Result<JoinHandle<()>> {
    let cursor = RingCursor::create(ring.geometry())?;
    let mut reader = RingReader::new(ring.as_fd().try_clone_to_owned()?, cursor)?;
    let stop = Arc::clone(stop);
    Ok(std::thread::spawn(move || {
        let mut sum = 0_u64;
        while !stop.load(Relaxed) {
            let Ok(Some(mut block)) = reader.next_block(Duration::from_millis(50)) else {
                continue;
            };
            while let Some(frame) = block.next_frame(Duration::ZERO) {
                sum += frame.bytes.first().copied().map_or(0, u64::from);
            }
        }
        std::hint::black_box(sum);
    }))
}

impl Drop for Road {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }
}
