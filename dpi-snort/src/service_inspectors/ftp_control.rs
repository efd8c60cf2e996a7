//! The connections that an FTP dialogue announces (RFC 959 §4.1.2, RFC 2428).

use std::net::{IpAddr, Ipv4Addr};

use crate::flow::Sides;

/// Bytes of a line that are read: what announces a connection is far shorter.
const MAX_LINE: usize = 256;

/// A connection to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Whether the client of the dialogue will accept it, and the server make it.
    pub to_client: bool,
    /// Where it will be accepted; `None` where the announcing end itself is meant.
    pub address: Option<IpAddr>,
    /// Port on which it will be accepted.
    pub port: u16,
}

/// Reads the lines of a dialogue.
#[derive(Debug, Default)]
pub struct FtpControl {
    lines: Sides<Vec<u8>>,
}

impl FtpControl {
    /// Takes the next bytes of one direction, cut at any place.
    pub fn feed(&mut self, to_server: bool, data: &[u8], announce: &mut dyn FnMut(Announced)) {
        let line = self.lines.side_mut(to_server);
        for piece in data.split_inclusive(|byte| *byte == b'\n') {
            let room = MAX_LINE.saturating_sub(line.len());
            line.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") {
                if let Some(announced) = read(to_server, line) {
                    announce(announced);
                }
                line.clear();
            }
        }
    }

    /// Heap bytes held.
    pub fn memory(&self) -> usize {
        let (client, server) = (self.lines.client.capacity(), self.lines.server.capacity());
        client.saturating_add(server)
    }
}

fn read(to_server: bool, line: &[u8]) -> Option<Announced> {
    let line = line.trim_ascii();
    let (head, argument) = line.split_at_checked(4)?;
    let (address, port) = match (to_server, head.to_ascii_uppercase().as_slice()) {
        (true, b"PORT") | (false, b"227 ") => host_port(argument)?,
        (true, b"EPRT") | (false, b"229 ") => extended(argument)?,
        _ => return None,
    };
    Some(Announced {
        to_client: to_server,
        address,
        port,
    })
}

/// The six numbers of `h1,h2,h3,h4,p1,p2`, with any text before and behind.
fn host_port(text: &[u8]) -> Option<(Option<IpAddr>, u16)> {
    let first = text.iter().position(u8::is_ascii_digit)?;
    let text = text.get(first..)?;
    let is_part = |byte: &u8| byte.is_ascii_digit() || *byte == b',';
    let length = text.iter().take_while(|byte| is_part(byte)).count();
    let mut numbers = [0_u8; 6];
    let mut parts = text.get(..length)?.split(|byte| *byte == b',');
    for number in &mut numbers {
        *number = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    }
    let [a, b, c, d, high, low] = numbers;
    let address = IpAddr::V4(Ipv4Addr::new(a, b, c, d));
    let address = (!address.is_unspecified()).then_some(address);
    Some((address, u16::from_be_bytes([high, low])))
}

/// `|1|address|port|` or, of a server, `|||port|`, with any delimiter and any text before.
fn extended(text: &[u8]) -> Option<(Option<IpAddr>, u16)> {
    let text = match text.iter().position(|byte| *byte == b'(') {
        Some(bracket) => text.get(bracket.saturating_add(1)..)?,
        None => text.trim_ascii_start(),
    };
    let delimiter = text.first()?;
    let mut fields = text.get(1..)?.split(|byte| byte == delimiter);
    let (_, address, port) = (fields.next()?, fields.next()?, fields.next()?);
    let port = std::str::from_utf8(port).ok()?.parse().ok()?;
    if address.is_empty() {
        return Some((None, port));
    }
    let address = std::str::from_utf8(address).ok()?.parse().ok()?;
    Some((Some(address), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (to the server?, line, address and port)
    const ANNOUNCED: &[(bool, &str, Option<&str>, u16)] = &[
        (true, "PORT 10,0,0,1,4,1\r\n", Some("10.0.0.1"), 1025),
        (true, "port 10,0,0,1,255,255\n", Some("10.0.0.1"), 65_535),
        (true, "PORT 0,0,0,0,4,1\r\n", None, 1025),
        (true, "EPRT |1|10.0.0.1|6275|\r\n", Some("10.0.0.1"), 6275),
        (true, "EPRT |2|fd00::1|5282|\r\n", Some("fd00::1"), 5282),
        (true, "EPRT !2!fd00::1!5282!\r\n", Some("fd00::1"), 5282),
        (
            false,
            "227 Entering Passive Mode (10,0,0,2,4,2).\r\n",
            Some("10.0.0.2"),
            1026,
        ),
        (false, "227 =10,0,0,2,4,2\r\n", Some("10.0.0.2"), 1026),
        (
            false,
            "229 Entering Extended Passive Mode (|||6446|)\r\n",
            None,
            6446,
        ),
    ];

    /// Lines that announce nothing.
    const SILENT: &[(bool, &str)] = &[
        (true, "PORT 10,0,0,1,4\r\n"),
        (true, "PORT 10,0,0,1,4,256\r\n"),
        (true, "PORT 10,0,0,1,,1\r\n"),
        (true, "PORT\r\n"),
        (true, "EPRT |1|10.0.0.1|65536|\r\n"),
        (true, "EPRT |1|nowhere|5|\r\n"),
        (true, "EPRT\r\n"),
        (true, "PASV\r\n"),
        (true, "227 (10,0,0,2,4,2)\r\n"),
        (false, "PORT 10,0,0,1,4,1\r\n"),
        (false, "226 (10,0,0,2,4,2)\r\n"),
        (false, "227 none\r\n"),
        (false, "229 (|||x|)\r\n"),
        (false, "\r\n"),
    ];

    fn announced(to_server: bool, pieces: &[&[u8]]) -> Vec<Announced> {
        let (mut control, mut found) = (FtpControl::default(), Vec::new());
        for piece in pieces {
            control.feed(to_server, piece, &mut |announced| found.push(announced));
        }
        found
    }

    #[test]
    fn lines_announce_connections_however_they_are_cut() {
        for (to_server, line, address, port) in ANNOUNCED {
            let expected = Announced {
                to_client: *to_server,
                address: address.map(|text| text.parse().unwrap()),
                port: *port,
            };
            for at in 0..=line.len() {
                let (a, b) = line.as_bytes().split_at(at);
                assert_eq!(
                    announced(*to_server, &[a, b]),
                    [expected],
                    "{line} cut at {at}"
                );
            }
        }
    }

    #[test]
    fn other_lines_announce_nothing() {
        for (to_server, line) in SILENT {
            assert_eq!(announced(*to_server, &[line.as_bytes()]), [], "{line}");
        }
    }

    #[test]
    fn an_endless_line_is_not_kept_and_hides_no_other() {
        let mut control = FtpControl::default();
        let mut found = 0;
        for _ in 0..1000 {
            control.feed(true, &[b'x'; 1000], &mut |_| found += 1);
        }
        assert!(control.memory() <= 2 * MAX_LINE, "{}", control.memory());
        control.feed(true, b"\nPORT 1,2,3,4,5,6\n", &mut |_| found += 1);
        assert_eq!(found, 1);
    }
}
