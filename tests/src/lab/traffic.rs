//! Traffic between pods that counts itself.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use super::pod::Pod;
use crate::netns::Netns;

/// A datagram: its number, and ballast.
const DATAGRAM: usize = 64;
/// Time after the last datagram in which late ones may come.
const LATE: Duration = Duration::from_millis(300);

/// Numbered datagrams at a steady rate.
#[derive(Debug)]
pub struct UdpStream {
    stop: Arc<AtomicBool>,
    sent: JoinHandle<Result<u64>>,
    received: JoinHandle<Result<u64>>,
    done: Arc<AtomicBool>,
}

impl UdpStream {
    /// `rate` datagrams a second from one pod to another.
    pub fn start(from: &Pod, to: &Pod, port: u16, rate: u64) -> Result<UdpStream> {
        let (stop, done) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        let target = SocketAddr::from((to.ip, port));
        let socket = to.netns.run(|| {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))?;
            // A receiver that is not scheduled for a while must not count as a gap.
            rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, 64 << 20)?;
            socket.set_read_timeout(Some(Duration::from_millis(50)))?;
            Ok(socket)
        })?;
        let received = {
            let done = Arc::clone(&done);
            to.thread(move || Ok(receive(&socket, &done)))
        };
        let sent = {
            let stop = Arc::clone(&stop);
            from.thread(move || send(target, rate, &stop))
        };
        Ok(UdpStream {
            stop,
            sent,
            received,
            done,
        })
    }

    /// Ends it; how many were sent, and how many of them did not arrive.
    pub fn finish(self) -> Result<(u64, u64)> {
        self.stop.store(true, Relaxed);
        let sent = joined(self.sent)?;
        std::thread::sleep(LATE);
        self.done.store(true, Relaxed);
        let received = joined(self.received)?;
        Ok((sent, sent - received.min(sent)))
    }
}

fn send(target: SocketAddr, rate: u64, stop: &AtomicBool) -> Result<u64> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect(target)?;
    let begun = Instant::now();
    let mut datagram = [0; DATAGRAM];
    let mut sent = 0;
    while !stop.load(Relaxed) {
        // A machine that is too slow for the rate would never be done with this.
        while sent < due(begun, rate) && !stop.load(Relaxed) {
            datagram[..8].copy_from_slice(&u64::to_be_bytes(sent));
            socket.send(&datagram).context("sending a datagram")?;
            sent += 1;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    Ok(sent)
}

/// What `rate` a second comes to by now.
fn due(begun: Instant, rate: u64) -> u64 {
    let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    micros.saturating_mul(rate) / 1_000_000
}

fn receive(socket: &UdpSocket, done: &AtomicBool) -> u64 {
    let mut datagram = [0; DATAGRAM + 1];
    let mut received = 0;
    loop {
        match socket.recv(&mut datagram) {
            Ok(DATAGRAM) => received += 1,
            Err(_) if done.load(Relaxed) => return received,
            Ok(_) | Err(_) => {}
        }
    }
}

/// Bytes over one TCP connection at a steady rate: unpaced, a sender overflows the queues
/// of a small machine by itself.
#[derive(Debug)]
pub struct Bulk {
    stop: Arc<AtomicBool>,
    sender: JoinHandle<Result<u64>>,
    receiver: JoinHandle<Result<u64>>,
}

impl Bulk {
    /// `rate` bytes a second from one pod to another.
    pub fn start(from: &Pod, to: &Pod, port: u16, rate: u64) -> Result<Bulk> {
        let stop = Arc::new(AtomicBool::new(false));
        let listener = to
            .netns
            .run(|| Ok(TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?))?;
        let receiver = to.thread(move || {
            let (mut stream, _) = listener.accept()?;
            let mut buffer = vec![0; 1 << 16];
            let mut total = 0;
            loop {
                match stream.read(&mut buffer)? {
                    0 => return Ok(total),
                    read => total += read as u64,
                }
            }
        });
        let (target, flag) = (SocketAddr::from((to.ip, port)), Arc::clone(&stop));
        let sender = from.thread(move || {
            let mut stream = TcpStream::connect(target)?;
            let buffer = vec![b'x'; 1 << 16];
            let mut total = 0;
            let begun = Instant::now();
            while !flag.load(Relaxed) {
                if total > due(begun, rate) {
                    std::thread::sleep(Duration::from_micros(200));
                    continue;
                }
                stream.write_all(&buffer)?;
                total += buffer.len() as u64;
            }
            stream.shutdown(Shutdown::Write)?;
            Ok(total)
        });
        Ok(Bulk {
            stop,
            sender,
            receiver,
        })
    }

    /// Ends it; bytes sent and bytes received.
    pub fn finish(self) -> Result<(u64, u64)> {
        self.stop.store(true, Relaxed);
        Ok((joined(self.sender)?, joined(self.receiver)?))
    }
}

/// A server in a pod that answers every request with the same few bytes.
#[derive(Debug)]
pub struct HttpServer {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicU64>,
    thread: Option<JoinHandle<Result<()>>>,
    address: SocketAddr,
}

impl HttpServer {
    /// One in `pod`.
    pub fn start(pod: &Pod, port: u16) -> Result<HttpServer> {
        let listener = pod
            .netns
            .run(|| Ok(TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?))?;
        listener.set_nonblocking(true)?;
        let (stop, served) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (flag, count) = (Arc::clone(&stop), Arc::clone(&served));
        let thread = pod.thread(move || {
            while !flag.load(Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        // A client that goes early is its own affair.
                        let _ = answer(stream);
                        count.fetch_add(1, Relaxed);
                    }
                    Err(_) => std::thread::sleep(Duration::from_micros(500)),
                }
            }
            Ok(())
        });
        Ok(HttpServer {
            stop,
            served,
            thread: Some(thread),
            address: SocketAddr::from((pod.ip, port)),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections served.
    pub fn served(&self) -> u64 {
        self.served.load(Relaxed)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: TcpStream) -> Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut request = Vec::new();
    let mut buffer = [0; 2048];
    while !request.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&buffer[..read]),
        }
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")?;
    stream.shutdown(Shutdown::Write)?;
    // Read to the end, so that closing sends no RST.
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}

/// One request and its answer from within `pod`; the client's port.
pub fn http_request(pod: &Pod, server: SocketAddr, path: &str) -> Result<u16> {
    http_request_from(&pod.netns, server, path)
}

/// The same from anywhere.
pub fn http_request_from(client: &Netns, server: SocketAddr, path: &str) -> Result<u16> {
    client.run(|| {
        let mut stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        // In one piece, as clients send it: once its first bytes have told HTTP, only messages
        // are searched.
        let request = format!("GET {path} HTTP/1.1\r\nHost: server\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        anyhow::ensure!(text.starts_with("HTTP/1.1 200"), "answer: {text:?}");
        Ok(stream.local_addr()?.port())
    })
}

pub(super) fn joined<T>(thread: JoinHandle<Result<T>>) -> Result<T> {
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
