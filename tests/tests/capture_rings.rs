//! Sinks and rings on real traffic: every packet once, whole, and counted.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use dpi_capture::{
    RingBooks,
    ring::Checksum,
    sink::{Preference, SinkKind},
};
use dpi_common::Counter;
use dpi_tests::{
    kernel_fixture::skipped,
    tapped::{Taken, Tap, Tapped},
};

/// Sends datagrams from the pod to the node; how many arrived.
fn datagrams(tapped: &Tapped, count: usize, size: usize) -> Result<usize> {
    let server = tapped.node.run(|| Ok(UdpSocket::bind("10.1.0.2:7000")?))?;
    server.set_read_timeout(Some(Duration::from_millis(500)))?;
    rustix::net::sockopt::set_socket_recv_buffer_size_force(&server, 64 << 20)?;
    let client = tapped.pod.run(|| Ok(UdpSocket::bind("10.1.0.1:7001")?))?;
    let payload = vec![b'd'; size];
    for _ in 0..count {
        client.send_to(&payload, "10.1.0.2:7000")?;
    }
    let mut buffer = vec![0; size + 1];
    let mut arrived = 0;
    while arrived < count && server.recv(&mut buffer).is_ok() {
        arrived += 1;
    }
    // A datagram too many would come now.
    server.set_nonblocking(true)?;
    std::thread::sleep(Duration::from_millis(20));
    while server.recv(&mut buffer).is_ok() {
        arrived += 1;
    }
    Ok(arrived)
}

fn is_datagram(frame: &Taken) -> bool {
    frame.read().is_some_and(|read| read.ports == [7001, 7000])
}

#[test]
fn each_kind_of_sink_gives_every_packet_once() -> Result<()> {
    let mut tried = 0;
    for kind in SinkKind::ALL {
        let tap = Tap {
            sink: Preference::Only(kind),
            readers: 2,
            ..Tap::default()
        };
        let mut tapped = match Tapped::open(tap)? {
            None => return Ok(()),
            Some(Err(error)) => {
                skipped(&format!("sink {kind}: {error}"));
                continue;
            }
            Some(Ok(tapped)) => tapped,
        };
        tried += 1;
        assert_eq!(
            datagrams(&tapped, 500, 100)?,
            500,
            "sink {kind}: what the workload got"
        );
        tapped.hush()?;
        let taken = tapped.take()?;
        assert_eq!(
            taken.iter().filter(|f| is_datagram(f)).count(),
            500,
            "sink {kind}"
        );
        let counted = tapped.kernel.counters()?;
        let mut seen = 0;
        for ring in &mut tapped.rings {
            seen += ring.statistics()?.seen;
        }
        assert_eq!(counted.get(Counter::HandedOver), seen, "sink {kind}");
        assert_eq!(usize::try_from(seen)?, taken.len(), "sink {kind}");
        let hushed = counted.get(Counter::DroppedNoSink);
        assert_eq!(counted.get(Counter::Seen), seen + hushed, "sink {kind}");
    }
    ensure!(tried > 0, "no kind of sink works here");
    Ok(())
}

/// Sends `total` bytes over TCP from pod to node, and takes the frames.
fn bulk(tapped: &mut Tapped, address: &str, total: usize) -> Result<Vec<Taken>> {
    let listener = tapped.node.run(|| Ok(TcpListener::bind(address)?))?;
    let to = listener.local_addr()?;
    let mut client = tapped.pod.run(|| Ok(TcpStream::connect(to)?))?;
    let (mut server, _) = listener.accept()?;
    let receiver = std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        let mut received = 0;
        while received < total {
            match server.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(read) => received += read,
            }
        }
        received
    });
    let chunk = vec![b'b'; 1 << 20];
    let mut taken = Vec::new();
    let mut sent = 0;
    while sent < total {
        client.write_all(&chunk)?;
        sent += chunk.len();
        // Read along, so that the ring does not fill.
        if sent % (16 << 20) == 0 {
            taken.append(&mut tapped.take()?);
        }
    }
    let received = receiver.join().ok().context("the receiver")?;
    ensure!(received >= total, "{received} of {total} bytes");
    taken.append(&mut tapped.take()?);
    for ring in &mut tapped.rings {
        assert_eq!(
            ring.statistics()?.dropped,
            0,
            "the test's own ring ran full"
        );
    }
    Ok(taken)
}

/// Bytes of TCP payload from the pod, each counted once, and the largest frame.
fn payload(taken: &[Taken]) -> Result<(usize, usize)> {
    let mut pieces = Vec::new();
    let mut largest = 0;
    for frame in taken {
        let Some(read) = frame
            .read()
            .filter(|r| r.protocol == 6 && r.ends[0].last() == Some(&1))
        else {
            continue;
        };
        ensure!(
            frame.bytes.len() == frame.wire_len,
            "a frame of {} was cut",
            frame.wire_len
        );
        largest = largest.max(frame.wire_len);
        let header = &frame.bytes[read.transport..];
        let sequence = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        let len = header.len() - usize::from(header[12] >> 4) * 4;
        if len > 0 {
            pieces.push((sequence, len));
        }
    }
    let first = pieces.first().context("no payload")?.0;
    let mut spans: Vec<_> = pieces
        .iter()
        .map(|(sequence, len)| (sequence.wrapping_sub(first) as usize, *len))
        .collect();
    spans.sort_unstable();
    let (mut covered, mut end) = (0, 0);
    for (start, len) in spans {
        let from = start.max(end);
        covered += (start + len).saturating_sub(from);
        end = end.max(start + len);
    }
    Ok((covered, largest))
}

const BULK: usize = 32 << 20;

#[test]
fn super_packets_arrive_whole() -> Result<()> {
    for address in ["10.1.0.2:0", "[fd00::2]:0"] {
        let Some(mut tapped) = Tapped::open_any(Tap::default())? else {
            return Ok(());
        };
        let taken = bulk(&mut tapped, address, BULK)?;
        let (covered, largest) = payload(&taken)?;
        assert_eq!(covered, BULK, "{address}");
        ensure!(
            largest > 60_000,
            "{address}: the largest frame had {largest} bytes"
        );
        let large: Vec<_> = taken.iter().filter(|f| f.wire_len > 1514).collect();
        for frame in &large {
            let gso = frame.gso.context("a super-packet without gso_size")?;
            ensure!((500..=1460).contains(&gso.size), "{gso:?}");
            assert_eq!(frame.checksum, Checksum::NotReady);
        }
    }
    Ok(())
}

#[test]
fn packets_of_9000_bytes_arrive_whole() -> Result<()> {
    let Some(mut tapped) = Tapped::open_any(Tap::default())? else {
        return Ok(());
    };
    for (netns, device) in [(&tapped.pod, "eth0"), (&tapped.node, "va")] {
        netns.ip(&format!("link set {device} mtu 9000"))?;
        netns.exec(&format!("ethtool -K {device} tso off gso off gro off"))?;
    }
    let taken = bulk(&mut tapped, "10.1.0.2:0", BULK)?;
    let (covered, largest) = payload(&taken)?;
    assert_eq!((covered, largest), (BULK, 9014));
    Ok(())
}

/// A tap takes 64 KiB at most (`tso_max_size`), so that the kernel cuts what is larger
/// before the ring: no byte may be missing. The other sinks take it whole.
#[test]
fn big_tcp_arrives_with_every_byte() -> Result<()> {
    for kind in SinkKind::ALL {
        let tap = Tap {
            sink: Preference::Only(kind),
            ring: 64 << 20,
            ..Tap::default()
        };
        let mut tapped = match Tapped::open(tap)? {
            None => return Ok(()),
            Some(Err(error)) => {
                skipped(&format!("BIG TCP by sink {kind}: {error}"));
                continue;
            }
            Some(Ok(tapped)) => tapped,
        };
        for (netns, device) in [(&tapped.pod, "eth0"), (&tapped.node, "va")] {
            let sizes = format!("link set {device} gso_max_size 180000 gro_max_size 180000");
            if let Err(error) = netns.ip(&sizes) {
                skipped(&format!("BIG TCP: {error}"));
                return Ok(());
            }
        }
        let taken = bulk(&mut tapped, "[fd00::2]:0", BULK)?;
        let (covered, largest) = payload(&taken)?;
        assert_eq!(covered, BULK, "sink {kind}");
        let limit = tapped.sink().map_or(0, dpi_capture::Sink::gso_max_size);
        ensure!(
            limit <= 65_536 || largest > 70_000,
            "sink {kind} takes {limit}, and the largest frame had {largest} bytes"
        );
    }
    Ok(())
}

#[test]
fn a_full_ring_is_counted_to_the_packet() -> Result<()> {
    let Some(mut tapped) = Tapped::open_any(Tap {
        ring: 4 << 20,
        ..Tap::default()
    })?
    else {
        return Ok(());
    };
    // Nobody reads meanwhile.
    let arrived = datagrams(&tapped, 20_000, 1000)?;
    assert_eq!(arrived, 20_000, "what the workload got");
    tapped.hush()?;
    std::thread::sleep(Duration::from_millis(50));
    let handed_over = tapped.kernel.counters()?.get(Counter::HandedOver);
    let statistics = tapped.rings[0].statistics()?;
    assert_eq!(statistics.seen, handed_over);
    ensure!(statistics.dropped > 0, "{statistics:?}");
    let taken = tapped.take()?;
    assert_eq!(u64::try_from(taken.len())?, statistics.delivered());
    let mut books = RingBooks::default();
    books.update(&tapped.cursors[0].progress(), statistics);
    ensure!(books.balanced() && books.waiting == 0, "{books:?}");
    assert_eq!(books.dropped_ring_full, statistics.dropped);
    Ok(())
}

#[test]
fn the_next_reader_goes_on_behind_the_packet_that_the_last_one_died_of() -> Result<()> {
    let Some(mut tapped) = Tapped::open_any(Tap::default())? else {
        return Ok(());
    };
    assert_eq!(datagrams(&tapped, 1000, 100)?, 1000);
    let mut books = RingBooks::default();
    let mut taken = Vec::new();
    for most in [1, 400, 3] {
        let mut some = tapped.take_at_most(most)?;
        assert_eq!(some.len(), most);
        taken.append(&mut some);
        assert!(tapped.cursors[0].progress().in_progress.is_some());
        books.worker_died(tapped.cursors[0].skip_in_progress());
        tapped.restart_readers()?;
    }
    tapped.hush()?;
    taken.append(&mut tapped.take()?);
    // Every packet was given out exactly once.
    assert_eq!(taken.iter().filter(|f| is_datagram(f)).count(), 1000);
    let statistics = tapped.rings[0].statistics()?;
    books.update(&tapped.cursors[0].progress(), statistics);
    assert_eq!(books.dropped_worker_restart, 3);
    assert_eq!(books.inspected + 3, statistics.delivered());
    ensure!(books.balanced() && books.waiting == 0, "{books:?}");
    Ok(())
}
