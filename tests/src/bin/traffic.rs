//! Traffic whose losses can be counted: numbered UDP datagrams at a steady rate, and bulk TCP.
//!
//! Each command prints one JSON object when it ends. The TCP sender reads the kernel's
//! count of retransmitted segments of its own network namespace before and after.

use std::{
    collections::HashSet,
    error::Error,
    fs,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    time::{Duration, Instant},
};

use clap::{Parser, Subcommand};
use serde_json::json;

#[derive(Parser)]
#[command(about = "Sends and receives traffic whose losses can be counted")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Send numbered datagrams.
    UdpSend {
        to: SocketAddr,
        /// Datagrams a second.
        #[arg(long, default_value_t = 50_000)]
        rate: u64,
        /// Seconds to send for.
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
        /// Bytes of each datagram, at least 8.
        #[arg(long, default_value_t = 64)]
        size: usize,
    },
    /// Receive numbered datagrams until none has come for `--idle` seconds.
    UdpRecv {
        at: SocketAddr,
        #[arg(long, default_value_t = 2.0)]
        idle: f64,
    },
    /// Send bulk data over one TCP connection.
    TcpSend {
        to: SocketAddr,
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
        /// Bytes a second at most; 0: as fast as it goes.
        #[arg(long, default_value_t = 0)]
        rate: u64,
    },
    /// Receive from one TCP connection until it ends.
    TcpRecv { at: SocketAddr },
}

fn main() -> Result<(), Box<dyn Error>> {
    let report = match Cli::parse().command {
        Command::UdpSend {
            to,
            rate,
            seconds,
            size,
        } => udp_send(to, rate, Duration::from_secs_f64(seconds), size)?,
        Command::UdpRecv { at, idle } => udp_recv(at, Duration::from_secs_f64(idle))?,
        Command::TcpSend { to, seconds, rate } => {
            tcp_send(to, Duration::from_secs_f64(seconds), rate)?
        }
        Command::TcpRecv { at } => tcp_recv(at)?,
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{report}")?;
    Ok(())
}

fn udp_send(
    to: SocketAddr,
    rate: u64,
    time: Duration,
    size: usize,
) -> Result<serde_json::Value, Box<dyn Error>> {
    let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any)?;
    socket.connect(to)?;
    let mut datagram = vec![b'x'; size.max(8)];
    let start = Instant::now();
    let (mut sent, mut refused) = (0_u64, 0_u64);
    while start.elapsed() < time {
        let due = u64::try_from(start.elapsed().as_micros() * u128::from(rate) / 1_000_000)?;
        while sent < due {
            datagram[..8].copy_from_slice(&sent.to_be_bytes());
            // A full queue of the sender is no loss on the way: the datagram is sent again.
            match socket.send(&datagram) {
                Ok(_) => sent += 1,
                Err(e) if e.kind() == ErrorKind::ConnectionRefused => refused += 1,
                Err(e) if e.raw_os_error() == Some(105) => refused += 1,
                Err(e) => return Err(e.into()),
            }
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    Ok(json!({"sent": sent, "sent_again": refused}))
}

fn udp_recv(at: SocketAddr, idle: Duration) -> Result<serde_json::Value, Box<dyn Error>> {
    let socket = UdpSocket::bind(at)?;
    rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, 64 << 20)
        .or_else(|_| rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 4 << 20))?;
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut datagram = vec![0; 65_536];
    let (mut received, mut duplicates, mut late, mut next) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut missing = HashSet::new();
    loop {
        let len = match socket.recv(&mut datagram) {
            Ok(len) => len,
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            Err(e) => return Err(e.into()),
        };
        if received == 0 {
            socket.set_read_timeout(Some(idle))?;
        }
        let Some(number) = datagram[..len].first_chunk::<8>() else {
            continue;
        };
        let number = u64::from_be_bytes(*number);
        received += 1;
        if number < next {
            if missing.remove(&number) {
                late += 1;
            } else {
                duplicates += 1;
            }
        } else {
            missing.extend(next..number);
            next = number + 1;
        }
    }
    Ok(json!({
        "received": received,
        "highest": next,
        "missing": missing.len(),
        "late": late,
        "duplicates": duplicates,
    }))
}

fn tcp_send(
    to: SocketAddr,
    time: Duration,
    rate: u64,
) -> Result<serde_json::Value, Box<dyn Error>> {
    let before = retransmitted()?;
    let mut stream = TcpStream::connect(to)?;
    let chunk = vec![b'y'; 128 << 10];
    let start = Instant::now();
    let mut sent = 0_u64;
    while start.elapsed() < time {
        let due = start.elapsed().as_micros() * u128::from(rate) / 1_000_000;
        if rate != 0 && u128::from(sent) > due {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        stream.write_all(&chunk)?;
        sent += chunk.len() as u64;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    // The receiver closes after the last byte: all of it has arrived.
    stream.read_to_end(&mut Vec::new())?;
    Ok(json!({
        "sent": sent,
        "seconds": start.elapsed().as_secs_f64(),
        "retransmitted": retransmitted()? - before,
    }))
}

fn tcp_recv(at: SocketAddr) -> Result<serde_json::Value, Box<dyn Error>> {
    let (mut stream, _) = TcpListener::bind(at)?.accept()?;
    let mut chunk = vec![0; 256 << 10];
    let mut received = 0_u64;
    loop {
        match stream.read(&mut chunk)? {
            0 => break,
            len => received += len as u64,
        }
    }
    Ok(json!({"received": received}))
}

/// `RetransSegs` of this network namespace.
fn retransmitted() -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/net/snmp")?;
    let mut tcp = text.lines().filter(|line| line.starts_with("Tcp:"));
    let (names, values) = (tcp.next(), tcp.next());
    let index = names
        .into_iter()
        .flat_map(str::split_whitespace)
        .position(|name| name == "RetransSegs");
    let value = index.and_then(|index| values?.split_whitespace().nth(index));
    Ok(value
        .ok_or("no RetransSegs in /proc/self/net/snmp")?
        .parse()?)
}
