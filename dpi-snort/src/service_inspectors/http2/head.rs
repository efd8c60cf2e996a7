//! The fields of a block as the head of an HTTP message: what HTTP/1 would have sent.

use super::hpack::Fields;

/// A block's fields, sorted.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) method: Option<Vec<u8>>,
    pub(super) status: Option<Vec<u8>>,
    scheme: Option<Vec<u8>>,
    authority: Option<Vec<u8>>,
    path: Option<Vec<u8>>,
    /// Header lines with their ends.
    pub(super) lines: Vec<u8>,
}

impl Head {
    /// Sorts pseudo-header fields (RFC 9113 §8.3) from the others. Where one comes twice
    /// the first counts; those behind ordinary fields count too, though no server should
    /// take them.
    pub(super) fn new(fields: Fields) -> Head {
        let mut head = Head::default();
        let mut cookie = crumbs(&fields);
        for (name, value) in fields.list {
            let place = match name.as_slice() {
                b":method" => &mut head.method,
                b":status" => &mut head.status,
                b":scheme" => &mut head.scheme,
                b":authority" => &mut head.authority,
                b":path" => &mut head.path,
                b"cookie" => {
                    if let Some(cookie) = cookie.take() {
                        line(&mut head.lines, &name, &cookie);
                    }
                    continue;
                }
                _ => {
                    line(&mut head.lines, &name, &value);
                    continue;
                }
            };
            place.get_or_insert(value);
        }
        head
    }

    /// What a request line would name: an absolute URI where there is an authority, as
    /// Snort has it, else the path alone.
    pub(super) fn target(&self) -> Vec<u8> {
        let authority = self.authority.as_deref().unwrap_or_default();
        let Some(path) = self.path.as_deref() else {
            // RFC 9113 §8.5: CONNECT.
            return authority.to_vec();
        };
        match &self.scheme {
            Some(scheme) if path.first() == Some(&b'/') && !authority.is_empty() => {
                [scheme, b"://".as_slice(), authority, path].concat()
            }
            _ => path.to_vec(),
        }
    }
}

/// RFC 9113 §8.2.3: a cookie may be sent in several fields, which are joined before the
/// application sees them.
fn crumbs(fields: &Fields) -> Option<Vec<u8>> {
    let cookies = fields.list.iter().filter(|(name, _)| name == b"cookie");
    let crumbs: Vec<&[u8]> = cookies.map(|(_, value)| value.as_slice()).collect();
    (!crumbs.is_empty()).then(|| crumbs.join(b"; ".as_slice()))
}

fn line(lines: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        lines.extend_from_slice(part);
    }
}
