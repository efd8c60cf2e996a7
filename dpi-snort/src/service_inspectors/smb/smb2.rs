//! Messages of SMB 2 and 3 ([MS-SMB2] 2.2): what they carry of files and pipes.

use super::{
    carried::{AllCarried, Carried, Open, OpenId},
    framing::HEADER as SESSION_HEADER,
    session::{Request, Session, TreeId},
};
use crate::{config::Config, service_inspectors::dce::Fields};

/// Bytes of a message's header ([MS-SMB2] 2.2.1.2).
const HEADER: usize = 64;

/// Commands ([MS-SMB2] 2.2.1.2).
const TREE_CONNECT: u16 = 0x03;
const CREATE: u16 = 0x05;
const CLOSE: u16 = 0x06;
const READ: u16 = 0x08;
const WRITE: u16 = 0x09;
const IOCTL: u16 = 0x0B;

/// Flags ([MS-SMB2] 2.2.1.2).
const SERVER_TO_REDIR: u32 = 0x01;
const ASYNC_COMMAND: u32 = 0x02;
const RELATED_OPERATIONS: u32 = 0x04;

/// `STATUS_PENDING` ([MS-ERREF] 2.3.1): the answer is yet to come.
const PENDING: u32 = 0x103;
/// [MS-SMB2] 2.2.31: a request is written to a pipe and its answer read from it.
const FSCTL_PIPE_TRANSCEIVE: u32 = 0x0011_C017;
/// `ShareType` of pipes ([MS-SMB2] 2.2.10).
const SHARE_TYPE_PIPE: u8 = 0x02;

/// One message of perhaps several in a packet.
#[derive(Clone, Copy)]
struct Message<'a> {
    fields: Fields<'a>,
    /// Where it begins in the packet.
    at: usize,
    command: u16,
    status: u32,
    id: u64,
    tree: Option<TreeId>,
    /// What the messages before it name, if it is related to them.
    before: Option<OpenId>,
}

/// What a message names for those related to it.
#[derive(Clone, Copy, Default)]
struct Named {
    open: Option<OpenId>,
    tree: Option<TreeId>,
}

/// What the messages of a session packet carry; it may be the beginning of a long one.
pub(super) fn read(packet: &[u8], session: &mut Session, config: &Config) -> AllCarried {
    let mut all = AllCarried::new();
    let mut at = SESSION_HEADER;
    let mut named = Named::default();
    loop {
        let fields = Fields::little(packet).from(at);
        let Some((message, is_reply)) = message(fields, at, named) else {
            return all;
        };
        named.tree = message.tree;
        let carried = if is_reply {
            message.reply(session, config)
        } else {
            let (carried, open) = message.request(session, config);
            named.open = open.or(named.open);
            carried
        };
        all.extend(carried);
        match fields.u32(20).and_then(|next| usize::try_from(next).ok()) {
            Some(next) if next >= HEADER => at = at.saturating_add(next),
            _ => return all,
        }
    }
}

/// Reads a header, and whether it is of a reply.
fn message(fields: Fields<'_>, at: usize, named: Named) -> Option<(Message<'_>, bool)> {
    if !fields.bytes.starts_with(b"\xFESMB") {
        return None;
    }
    let flags = fields.u32(16)?;
    let is_related = flags & RELATED_OPERATIONS != 0;
    let tree = match (fields.u64(40)?, fields.u32(36)?) {
        _ if flags & ASYNC_COMMAND != 0 => None,
        (u64::MAX, _) | (_, u32::MAX) if is_related => named.tree,
        tree => Some(tree),
    };
    let message = Message {
        fields,
        at,
        command: fields.u16(12)?,
        status: fields.u32(8)?,
        id: fields.u64(24)?,
        tree,
        before: named.open.filter(|_| is_related),
    };
    Some((message, flags & SERVER_TO_REDIR != 0))
}

impl Message<'_> {
    /// What is written to the server, and what the message names.
    fn request(&self, session: &mut Session, config: &Config) -> (Option<Carried>, Option<OpenId>) {
        let open = match self.command {
            CREATE => return (None, Some(OpenId::Created(self.id))),
            WRITE | READ => self.open(session, 80),
            IOCTL | CLOSE => self.open(session, 72),
            _ => None,
        };
        let Some(open) = open else {
            return (None, None);
        };
        let carried = match self.command {
            WRITE => self.written(open),
            IOCTL if self.fields.u32(68) == Some(FSCTL_PIPE_TRANSCEIVE) => {
                self.data(open, self.fields.u32(88), self.fields.u32(92))
            }
            READ => {
                let request = Request {
                    id: self.id,
                    open,
                    offset: self.fields.u64(72),
                };
                session.ask(request, config);
                None
            }
            CLOSE => {
                session.pipes.close(open.id);
                None
            }
            _ => None,
        };
        (carried, Some(open.id))
    }

    /// What is read from the server. An error has another structure than an answer.
    fn reply(&self, session: &mut Session, config: &Config) -> Option<Carried> {
        let fields = self.fields;
        match (self.command, fields.u16(HEADER)?) {
            (TREE_CONNECT, 16) => {
                let is_pipe = fields.u8(66)? == SHARE_TYPE_PIPE;
                session.connect(self.tree?, is_pipe, config);
                None
            }
            (CREATE, 89) => {
                let id = OpenId::Smb2(fields.array(128)?);
                session.name(OpenId::Created(self.id), id);
                None
            }
            (READ, 17) => {
                let request = session.asked(self.id)?;
                session.answered(self.id);
                let start = fields.u8(66).map(u32::from);
                let carried = self.data(request.open, start, fields.u32(68))?;
                Some(Carried {
                    offset: request.offset,
                    ..carried
                })
            }
            (READ, _) if self.status != PENDING => {
                session.answered(self.id);
                None
            }
            (IOCTL, 49) if fields.u32(68)? == FSCTL_PIPE_TRANSCEIVE => {
                let open = self.open(session, 72)?;
                self.data(open, fields.u32(96), fields.u32(100))
            }
            _ => None,
        }
    }

    /// [MS-SMB2] 2.2.21.
    fn written(&self, open: Open) -> Option<Carried> {
        let start = self.fields.u16(66).map(u32::from);
        let carried = self.data(open, start, self.fields.u32(68))?;
        Some(Carried {
            offset: self.fields.u64(72),
            ..carried
        })
    }

    /// The `FileId` in a message; all ones stand for that of the message before.
    fn open(&self, session: &Session, at: usize) -> Option<Open> {
        let id: [u8; 16] = self.fields.array(at)?;
        let id = match self.before {
            Some(before) if id == [0xFF; 16] => before,
            _ => OpenId::Smb2(id),
        };
        Some(Open {
            id,
            is_pipe: self.tree.and_then(|tree| session.is_pipe(tree)),
        })
    }

    /// Data at an offset from the message's header.
    fn data(&self, open: Open, start: Option<u32>, length: Option<u32>) -> Option<Carried> {
        let start = usize::try_from(start?).ok()?;
        let length = usize::try_from(length?).ok()?;
        Carried::of(open, self.at, HEADER, (start, length))
    }
}
