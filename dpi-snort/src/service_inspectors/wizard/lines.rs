//! First bytes of protocols of commands and answers, a line each.

use super::pattern::{Answer, Byte, any, shape, starts};

/// Bytes of a greeting's first line that are read.
const MAX_GREETING: usize = 1024;

/// RFC 4253 §4.2.
pub(super) fn ssh(bytes: &[u8]) -> Answer {
    starts(bytes, b"SSH-")
}

/// RFC 5321 §4.1.1.1.
pub(super) fn smtp_client(bytes: &[u8]) -> Answer {
    any(bytes, &[b"HELO ", b"EHLO "])
}

/// RFC 959 §5.3.1, RFC 2428. A connection may be met between two commands.
pub(super) fn ftp_client(bytes: &[u8]) -> Answer {
    let words: [&[u8]; 8] = [
        b"AUTH TLS",
        b"AUTH SSL",
        b"PASV\r",
        b"EPSV\r",
        b"EPRT |",
        b"RETR ",
        b"STOR ",
        b"SYST\r",
    ];
    any(bytes, &words)
}

/// "USER" and a name: POP3's as well, but there the server has greeted with `+OK` before.
pub(super) fn ftp_user(bytes: &[u8]) -> Answer {
    match (starts(bytes, b"USER "), first_line(bytes)) {
        (Answer::Yes, Some(_)) => Answer::Yes,
        (Answer::Yes, None) => Answer::More,
        (answer, _) => answer,
    }
}

/// RFC 2449 §5.
pub(super) fn pop3_client(bytes: &[u8]) -> Answer {
    any(bytes, &[b"CAPA\r", b"CAPA\n", b"APOP "])
}

/// A tag and a command of the non-authenticated state (RFC 3501 §6.1, §6.2).
pub(super) fn imap_client(bytes: &[u8]) -> Answer {
    let tag = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    if tag > 16 {
        return Answer::No;
    }
    match bytes.get(tag..) {
        None | Some([]) => Answer::More,
        Some([b' ', command @ ..]) if tag > 0 => {
            let words: [&[u8]; 5] = [
                b"CAPABILITY",
                b"STARTTLS",
                b"AUTHENTICATE ",
                b"LOGIN ",
                b"NOOP",
            ];
            // A tag that is a word is more likely another protocol's command.
            if bytes
                .get(..tag)
                .is_some_and(|tag| tag.iter().any(u8::is_ascii_digit))
            {
                any(command, &words)
            } else {
                Answer::No
            }
        }
        _ => Answer::No,
    }
}

/// RFC 3501 §7.1.
pub(super) fn imap_server(bytes: &[u8]) -> Answer {
    any(bytes, &[b"* OK", b"* PREAUTH", b"* BYE"])
}

/// RFC 3977 §5, §6.
pub(super) fn nntp_client(bytes: &[u8]) -> Answer {
    let words: [&[u8]; 9] = [
        b"MODE READER",
        b"CAPABILITIES\r",
        b"GROUP ",
        b"LISTGROUP",
        b"LIST ACTIVE",
        b"NEWGROUPS ",
        b"NEWNEWS ",
        b"ARTICLE ",
        b"IHAVE <",
    ];
    any(bytes, &words)
}

/// RFC 3977 §5.1.
pub(super) fn nntp_server(bytes: &[u8]) -> Answer {
    greeting(
        bytes,
        &[b"200", b"201"],
        &[b"NNTP", b"InterNetNews", b"news"],
    )
}

/// RFC 2812 §3; `CAP` is that of `IRCv3`. "USER" alone is FTP's and POP3's as well: here it
/// has four parameters. "PASS" is told by the line behind it.
pub(super) fn irc_client(bytes: &[u8]) -> Answer {
    let words: [&[u8]; 8] = [
        b"NICK ",
        b"CAP LS",
        b"CAP REQ",
        b"JOIN #",
        b"JOIN :#",
        b"JOIN &",
        b"PRIVMSG ",
        b"PASS ",
    ];
    match (any(bytes, &words), starts(bytes, b"PASS ")) {
        (Answer::No, _) => match starts(bytes, b"USER ") {
            Answer::Yes => match first_line(bytes) {
                Some((line, _)) if words_of(line) >= 5 => Answer::Yes,
                Some(_) => Answer::No,
                None => Answer::More,
            },
            answer => answer,
        },
        (Answer::Yes, Answer::Yes) => match first_line(bytes) {
            Some((_, next)) => any(next, &[b"NICK ", b"USER ", b"CAP "]),
            None => Answer::More,
        },
        (answer, _) => answer,
    }
}

/// A message with the server's name in front (RFC 2812 §2.3.1), or one of those that come
/// before the client has registered.
pub(super) fn irc_server(bytes: &[u8]) -> Answer {
    let answer = any(
        bytes,
        &[
            b"NOTICE AUTH ",
            b"NOTICE * ",
            b"ERROR :Closing Link",
            b"PING :",
        ],
    );
    if answer != Answer::No || bytes.first() != Some(&b':') {
        return answer;
    }
    let prefix = bytes.iter().take_while(|byte| byte.is_ascii_graphic());
    let prefix = prefix.count();
    match bytes.get(prefix..) {
        _ if !(2..=128).contains(&prefix) && bytes.len() > prefix => Answer::No,
        Some([b' ', command @ ..]) => {
            use Byte::{In, Is};
            const DIGIT: Byte = In(b'0', b'9');
            match shape(command, &[DIGIT, DIGIT, DIGIT, Is(b' ')]) {
                Answer::No => any(command, &[b"NOTICE ", b"PRIVMSG ", b"JOIN ", b"MODE "]),
                answer => answer,
            }
        }
        Some([]) if prefix <= 128 => Answer::More,
        _ => Answer::No,
    }
}

/// The first line without its end, and what stands behind it.
fn first_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((line.trim_ascii_end(), rest.get(1..)?))
}

fn words_of(line: &[u8]) -> usize {
    let words = line.split(|byte| *byte == b' ');
    words.filter(|word| !word.is_empty()).count()
}

/// A greeting with one of `codes` whose first line holds one of `words`.
pub(super) fn greeting(bytes: &[u8], codes: &[&[u8]], words: &[&[u8]]) -> Answer {
    let answer = any(bytes, codes);
    if answer != Answer::Yes {
        return answer;
    }
    match bytes.get(3) {
        None => return Answer::More,
        Some(b' ' | b'-') => {}
        Some(_) => return Answer::No,
    }
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let length = end.unwrap_or(bytes.len()).min(MAX_GREETING);
    let line = bytes.get(..length).unwrap_or_default();
    let found = words.iter().any(|word| {
        line.windows(word.len())
            .any(|window| window.eq_ignore_ascii_case(word))
    });
    match (found, end) {
        (true, _) => Answer::Yes,
        (false, None) if line.len() < MAX_GREETING => Answer::More,
        (false, _) => Answer::No,
    }
}
