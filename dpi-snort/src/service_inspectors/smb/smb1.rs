//! Messages of SMB 1 ([MS-CIFS] 2.2, [MS-SMB] 2.2): what they carry of files and pipes.

use super::{
    carried::{AllCarried, Carried, Open, OpenId},
    framing::HEADER as SESSION_HEADER,
    session::{Request, Session},
};
use crate::{config::Config, service_inspectors::dce::Fields};

/// Bytes of a message's header ([MS-CIFS] 2.2.3.1).
const HEADER: usize = 32;
/// Flag of a reply ([MS-CIFS] 2.2.3.1).
const REPLY: u8 = 0x80;

/// Commands ([MS-CIFS] 2.2.2.1).
const CLOSE: u8 = 0x04;
const LOCKING_ANDX: u8 = 0x24;
const TRANSACTION: u8 = 0x25;
const TRANSACTION_SECONDARY: u8 = 0x26;
const OPEN_ANDX: u8 = 0x2D;
const READ_ANDX: u8 = 0x2E;
const WRITE_ANDX: u8 = 0x2F;
const SESSION_SETUP_ANDX: u8 = 0x73;
const LOGOFF_ANDX: u8 = 0x74;
const TREE_CONNECT_ANDX: u8 = 0x75;
const NT_CREATE_ANDX: u8 = 0xA2;

/// Subcommands of transactions on pipes ([MS-CIFS] 2.2.2.2).
const RAW_READ_NMPIPE: u16 = 0x11;
const TRANSACT_NMPIPE: u16 = 0x26;
const RAW_WRITE_NMPIPE: u16 = 0x31;
const READ_NMPIPE: u16 = 0x36;
const WRITE_NMPIPE: u16 = 0x37;

/// `WriteMode` of a write that begins with the length of the message that follows
/// ([MS-CIFS] 2.2.4.43.1, raw mode and message start).
const WRITE_MODE_LENGTH: u16 = 0x0C;

/// A command of a message, which may have several.
struct Command<'a> {
    /// The message from its header on.
    message: Fields<'a>,
    /// Its parameters.
    words: Fields<'a>,
    /// What stands behind them and their count.
    bytes: &'a [u8],
    code: u8,
}

/// What a session packet carries; it may be the beginning of a long one.
pub(super) fn read(packet: &[u8], session: &mut Session, config: &Config) -> AllCarried {
    let mut all = AllCarried::new();
    let message = Fields::little(packet).from(SESSION_HEADER);
    let (Some(code), Some(flags)) = (message.u8(4), message.u8(9)) else {
        return all;
    };
    let (mut code, mut at) = (code, HEADER);
    while let Some(command) = command(message, at, code) {
        all.extend(if flags & REPLY == 0 {
            command.request(session, config)
        } else {
            command.reply(session, config)
        });
        // [MS-CIFS] 2.2.3.4: the next command and where it stands.
        match (has_next(code), command.words.u8(0), command.words.u16(2)) {
            (true, Some(next), Some(offset)) if usize::from(offset) > at => {
                (code, at) = (next, offset.into());
            }
            _ => break,
        }
    }
    all
}

fn has_next(code: u8) -> bool {
    matches!(
        code,
        LOCKING_ANDX
            | OPEN_ANDX
            | READ_ANDX
            | WRITE_ANDX
            | SESSION_SETUP_ANDX
            | LOGOFF_ANDX
            | TREE_CONNECT_ANDX
            | NT_CREATE_ANDX
    )
}

/// [MS-CIFS] 2.2.3.2, 2.2.3.3.
fn command(message: Fields<'_>, at: usize, code: u8) -> Option<Command<'_>> {
    let count = usize::from(message.u8(at)?);
    let rest = message.bytes.get(at.checked_add(1)?..)?;
    let (words, rest) = rest.split_at_checked(count.checked_mul(2)?)?;
    Some(Command {
        message,
        words: Fields::little(words),
        bytes: rest.get(2..).unwrap_or_default(),
        code,
    })
}

impl Command<'_> {
    fn request(&self, session: &mut Session, config: &Config) -> Option<Carried> {
        let words = self.words;
        match self.code {
            WRITE_ANDX => self.written(session),
            READ_ANDX => {
                let open = self.open(session, words.u16(4)?)?;
                let low = words.u32(6)?;
                let high = words.u32(20).unwrap_or(0);
                let offset = u64::from(high) << 32 | u64::from(low);
                self.ask(session, open, Some(offset), config)
            }
            TRANSACTION => {
                let open = self.open(session, words.u16(30)?)?;
                let open = Open {
                    is_pipe: Some(true),
                    ..open
                };
                match words.u16(28)? {
                    TRANSACT_NMPIPE => {
                        self.ask(session, open, None, config);
                        data(open, words.u16(24)?, words.u16(22)?.into())
                    }
                    RAW_WRITE_NMPIPE | WRITE_NMPIPE => {
                        data(open, words.u16(24)?, words.u16(22)?.into())
                    }
                    RAW_READ_NMPIPE | READ_NMPIPE => self.ask(session, open, None, config),
                    _ => None,
                }
            }
            TRANSACTION_SECONDARY => {
                let request = session.asked(self.id()?)?;
                data(request.open, words.u16(12)?, words.u16(10)?.into())
            }
            CLOSE => {
                session.pipes.close(OpenId::Smb1(words.u16(0)?));
                None
            }
            _ => None,
        }
    }

    fn reply(&self, session: &mut Session, config: &Config) -> Option<Carried> {
        let words = self.words;
        match self.code {
            // [MS-CIFS] 2.2.4.55.2: the service as a text of single bytes.
            TREE_CONNECT_ANDX => {
                let id = (0, self.tree()?);
                session.connect(id, self.bytes.starts_with(b"IPC"), config);
                None
            }
            READ_ANDX => {
                let request = session.asked(self.id()?)?;
                session.answered(request.id);
                let high = words.u16(14).unwrap_or(0);
                let length = usize::from(high) << 16 | usize::from(words.u16(10)?);
                let carried = data(request.open, words.u16(12)?, length)?;
                Some(Carried {
                    offset: request.offset,
                    ..carried
                })
            }
            // [MS-CIFS] 2.2.4.33.2: without parameters at first, and perhaps in parts.
            TRANSACTION => {
                let request = session.asked(self.id()?)?;
                let (total, count) = (words.u16(2)?, words.u16(12)?);
                if words.u16(16)?.saturating_add(count) >= total {
                    session.answered(request.id);
                }
                data(request.open, words.u16(14)?, count.into())
            }
            _ => None,
        }
    }

    /// [MS-CIFS] 2.2.4.43.1, with the upper half of a length ([MS-SMB] 2.2.4.3.1).
    fn written(&self, session: &Session) -> Option<Carried> {
        let words = self.words;
        let open = self.open(session, words.u16(4)?)?;
        let length = usize::from(words.u16(18)?) << 16 | usize::from(words.u16(20)?);
        let mut carried = data(open, words.u16(22)?, length)?;
        let has_length = words.u16(14)? & WRITE_MODE_LENGTH == WRITE_MODE_LENGTH;
        if has_length && open.is_pipe == Some(true) {
            carried.start = carried.start.saturating_add(2);
            carried.length = carried.length.checked_sub(2)?;
        }
        let high = words.u32(24).unwrap_or(0);
        carried.offset = Some(u64::from(high) << 32 | u64::from(words.u32(6)?));
        Some(carried)
    }

    fn ask(
        &self,
        session: &mut Session,
        open: Open,
        offset: Option<u64>,
        config: &Config,
    ) -> Option<Carried> {
        let request = Request {
            id: self.id()?,
            open,
            offset,
        };
        session.ask(request, config);
        None
    }

    /// What request and reply have in common: process and multiplex ([MS-CIFS] 2.2.3.1).
    fn id(&self) -> Option<u64> {
        let (process, multiplex) = (self.message.u16(26)?, self.message.u16(30)?);
        Some(u64::from(process) << 16 | u64::from(multiplex))
    }

    fn tree(&self) -> Option<u32> {
        self.message.u16(24).map(u32::from)
    }

    fn open(&self, session: &Session, fid: u16) -> Option<Open> {
        Some(Open {
            id: OpenId::Smb1(fid),
            is_pipe: session.is_pipe((0, self.tree()?)),
        })
    }
}

/// Data at an offset from the message's header.
fn data(open: Open, start: u16, length: usize) -> Option<Carried> {
    Carried::of(open, SESSION_HEADER, HEADER, (start.into(), length))
}
