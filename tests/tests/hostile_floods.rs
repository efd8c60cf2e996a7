//! Floods that are made to fill tables and buffers: memory stays within its bound, the limit
//! that was hit is counted, and flows that were there before are still inspected.
#![expect(
    clippy::print_stdout,
    reason = "the figures are printed for the record"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "bytes and packets far below 2^52, printed"
)]

use std::{alloc::System, collections::BTreeMap, io::Write as _, sync::Arc, time::Instant};

use dpi_snort::{
    Alert, BypassReason, ChecksumState, Config, Engine, FlowEndpoints, Frame, LinkType, Now,
    Output, SlotTable, Tag,
    detection::Detection,
    parser::{ClassificationConfig, Variables, parse_files},
};
use dpi_tests::kernel_frames::Ipv4;
use flate2::{Compress, Compression, FlushCompress, write::GzEncoder};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const RULES: &str = r#"
    alert tcp any any -> any any (msg:"attack"; http_uri; content:"/attack"; sid:1;)
    alert tcp any any -> any any (msg:"needle"; content:"needle"; sid:2;)
    alert http any any -> any any (msg:"body"; file_data; content:"needle"; sid:3;)
"#;

/// Flows that are there before the flood comes.
const ESTABLISHED: u16 = 1000;
const MILLION: u32 = 1_000_000;
const MIB: usize = 1 << 20;

const FIN: u8 = 1;
const SYN: u8 = 2;
const ACK: u8 = 16;

/// One flood.
struct Flood {
    name: &'static str,
    run: fn(&mut Bench),
    /// Bytes of heap that the engine may hold beside what the established flows need.
    bound: usize,
    /// The counter of the limit that it hits.
    counter: &'static str,
}

const FLOODS: [Flood; 6] = [
    Flood {
        name: "a million SYNs within a second",
        run: syns,
        bound: 192 * MIB,
        counter: "flows.evicted.max_flows",
    },
    Flood {
        name: "a million idle flows",
        run: idle_flows,
        bound: 192 * MIB,
        counter: "flows.evicted.reassembly_memory",
    },
    Flood {
        name: "a million first fragments",
        run: first_fragments,
        bound: 16 * MIB,
        counter: "fragments.max_fragmented_datagrams",
    },
    Flood {
        name: "segments beyond a hole, in 100,000 flows",
        run: held_segments,
        bound: 192 * MIB,
        counter: "tcp.reassembly_memory",
    },
    Flood {
        name: "an HTTP line of 1 GB",
        run: endless_line,
        bound: 8 * MIB,
        counter: "http_max_start_line",
    },
    Flood {
        name: "10 GB in 10 MB of gzip",
        run: gzip_bomb,
        bound: 32 * MIB,
        counter: "http_decompress",
    },
];

#[test]
fn floods_are_survived_within_the_bounds() {
    let mut faults = Vec::new();
    println!(
        "\nflood                                        packets  us/packet  peak MiB  bound  still found"
    );
    for flood in &FLOODS {
        let mut bench = Bench::new();
        for n in 0..ESTABLISHED {
            bench.open(&mut Flow::established(n));
        }
        let before = bench.held();
        bench.peak = 0;
        let (begun, packets) = (Instant::now(), bench.packets);
        (flood.run)(&mut bench);
        let packets = bench.packets - packets;
        let spent = begun.elapsed().as_secs_f64();
        let peak = bench.peak.saturating_sub(before);
        let found = bench.attacks_found();
        println!(
            "{:<42} {packets:>9} {:>10.2} {:>9.1} {:>6} {found:>12}",
            flood.name,
            spent * 1e6 / packets as f64,
            peak as f64 / MIB as f64,
            flood.bound / MIB,
        );
        if peak > flood.bound {
            faults.push(format!("{}: {peak} bytes", flood.name));
        }
        if found * 100 < usize::from(ESTABLISHED) * 99 {
            faults.push(format!("{}: {found} of {ESTABLISHED} found", flood.name));
        }
        let counters = bench.counters();
        if counters.get(flood.counter).is_none_or(|count| *count == 0) {
            faults.push(format!(
                "{}: {} is 0: {counters:?}",
                flood.name, flood.counter
            ));
        }
        let sum = |prefix: &str| -> u64 {
            let some = counters.iter().filter(|(name, _)| name.starts_with(prefix));
            some.map(|(_, count)| count).sum()
        };
        if sum("inspected") + sum("dropped.") != bench.packets {
            faults.push(format!("{}: packets unbooked: {counters:?}", flood.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// An engine, a clock, and the most memory that was held.
struct Bench {
    engine: Engine,
    region: Region<'static, System>,
    nanos: u64,
    packets: u64,
    peak: usize,
    alerts: Alerts,
}

#[derive(Default)]
struct Alerts(BTreeMap<u32, usize>);

impl Output for Alerts {
    fn alert(&mut self, alert: &Alert<'_>) {
        *self.0.entry(alert.sid).or_default() += 1;
    }

    fn bypass(&mut self, _tag: Tag, _flow: &FlowEndpoints, _reason: BypassReason) {}
}

impl Bench {
    fn new() -> Bench {
        let ruleset = parse_files(
            [("floods.rules", RULES.as_bytes())],
            &Variables::default(),
            &ClassificationConfig::default(),
            Arc::default(),
        );
        let config = Config::default();
        let (detection, errors) = Detection::compile(ruleset, &config).expect("rules");
        assert!(errors.is_empty(), "{errors:?}");
        Bench {
            region: Region::new(ALLOCATOR),
            engine: Engine::new(config, Arc::new(detection), Arc::new(SlotTable::default())),
            nanos: 1_700_000_000_000_000_000,
            packets: 0,
            peak: 0,
            alerts: Alerts::default(),
        }
    }

    /// Inspects a frame, a microsecond after the last one.
    fn frame(&mut self, bytes: &[u8]) {
        self.nanos += 1000;
        self.packets += 1;
        let frame = Frame {
            bytes,
            link_type: LinkType::Ethernet,
            wire_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            vlan: None,
            gso_size: 0,
            checksum: ChecksumState::Unknown,
            tag: Tag::default(),
        };
        let now = Now::from_capture(self.nanos);
        self.engine.process(&frame, now, &mut self.alerts);
        if self.packets.is_multiple_of(10_000) {
            self.engine.expire(now, &mut self.alerts);
        }
        if self.packets.is_multiple_of(16) {
            self.peak = self.peak.max(self.held());
        }
    }

    /// Bytes of heap taken since the engine was made.
    fn held(&self) -> usize {
        let change = self.region.change();
        change
            .bytes_allocated
            .saturating_sub(change.bytes_deallocated)
    }

    fn open(&mut self, flow: &mut Flow) {
        let syn = flow.client(SYN, &[]);
        let answer = flow.server(SYN | ACK, &[]);
        let ack = flow.client(ACK, &[]);
        for frame in [syn, answer, ack] {
            self.frame(&frame);
        }
    }

    /// Each established flow asks for what a rule is about.
    fn attacks_found(&mut self) -> usize {
        self.alerts.0.remove(&1);
        for n in 0..ESTABLISHED {
            let mut flow = Flow::established(n);
            flow.next = [2, 2];
            let request = flow.client(ACK, b"GET /attack HTTP/1.1\r\nHost: a\r\n\r\n");
            self.frame(&request);
        }
        self.alerts.0.get(&1).copied().unwrap_or(0)
    }

    fn counters(&self) -> BTreeMap<&'static str, u64> {
        let mut counters = BTreeMap::new();
        self.engine.each_counter(|name, value| {
            if value > 0 {
                counters.insert(name, value);
            }
        });
        counters
    }
}

/// A TCP connection to 10.0.0.2.
struct Flow {
    client: [u8; 4],
    ports: [u16; 2],
    /// Next sequence numbers of client and server.
    next: [u32; 2],
}

impl Flow {
    fn new(number: u32) -> Flow {
        let [_, a, b, c] = number.to_be_bytes();
        Flow {
            client: [100, a, b, c],
            ports: [40_000, 80],
            next: [1, 1],
        }
    }

    fn established(number: u16) -> Flow {
        let [a, b] = number.to_be_bytes();
        Flow {
            client: [20, 0, a, b],
            ports: [50_000, 80],
            next: [1, 1],
        }
    }

    fn client(&mut self, flags: u8, data: &[u8]) -> Vec<u8> {
        self.segment(0, flags, data)
    }

    fn server(&mut self, flags: u8, data: &[u8]) -> Vec<u8> {
        self.segment(1, flags, data)
    }

    fn segment(&mut self, side: usize, flags: u8, data: &[u8]) -> Vec<u8> {
        let mut tcp = Vec::with_capacity(20 + data.len());
        tcp.extend(self.ports[side].to_be_bytes());
        tcp.extend(self.ports[1 - side].to_be_bytes());
        tcp.extend(self.next[side].to_be_bytes());
        tcp.extend(self.next[1 - side].to_be_bytes());
        tcp.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend(data);
        let counts = u32::from(flags & (SYN | FIN) != 0);
        let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
        self.next[side] = self.next[side].wrapping_add(len + counts);
        let server = [10, 0, 0, 2];
        let (src, dst) = if side == 0 {
            (self.client, server)
        } else {
            (server, self.client)
        };
        let ip = Ipv4 {
            src,
            dst,
            ..Ipv4::default()
        };
        ip.frame(6, &tcp)
    }
}

fn syns(bench: &mut Bench) {
    for n in 0..MILLION {
        bench.frame(&Flow::new(n).client(SYN, &[]));
    }
}

fn idle_flows(bench: &mut Bench) {
    for n in 0..MILLION {
        let mut flow = Flow::new(n);
        bench.open(&mut flow);
        bench.frame(&flow.client(ACK, b"GET / HTTP/1.1\r\nHo"));
    }
}

fn first_fragments(bench: &mut Bench) {
    for n in 0..MILLION {
        let [_, a, b, c] = n.to_be_bytes();
        let ip = Ipv4 {
            src: [100, a, b, c],
            id: 1,
            more: true,
            ..Ipv4::default()
        };
        bench.frame(&ip.frame(17, &[0; 64]));
    }
}

fn held_segments(bench: &mut Bench) {
    for n in 0..MILLION / 10 {
        let mut flow = Flow::new(n);
        bench.open(&mut flow);
        flow.next[0] += 1;
        bench.frame(&flow.client(ACK, &[b'x'; 1400]));
    }
}

fn endless_line(bench: &mut Bench) {
    let mut flow = Flow::new(0);
    bench.open(&mut flow);
    bench.frame(&flow.client(ACK, b"GET /"));
    let chunk = vec![b'a'; 60_000];
    for _ in 0..1_000_000_000 / chunk.len() {
        bench.frame(&flow.client(ACK, &chunk));
    }
}

fn gzip_bomb(bench: &mut Bench) {
    let bomb = bomb();
    println!("  (the bomb has {} bytes)", bomb.len());
    let mut flow = Flow::new(0);
    bench.open(&mut flow);
    bench.frame(&flow.client(ACK, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        bomb.len()
    );
    bench.frame(&flow.server(ACK, head.as_bytes()));
    for chunk in bomb.chunks(60_000) {
        bench.frame(&flow.server(ACK, chunk));
    }
}

/// One gzip member of 10 GB of zeros: deflate's blocks of a hundredth of it, repeated.
fn bomb() -> Vec<u8> {
    let header = GzEncoder::new(Vec::new(), Compression::best());
    let mut bomb = header.finish().expect("memory")[..10].to_vec();
    let zeros = vec![0; 100_000_000];
    let mut deflate = Compress::new(Compression::best(), false);
    let mut block = Vec::with_capacity(MIB);
    deflate
        .compress_vec(&zeros, &mut block, FlushCompress::Full)
        .expect("room");
    for _ in 0..100 {
        bomb.write_all(&block).expect("memory");
    }
    bomb
}
