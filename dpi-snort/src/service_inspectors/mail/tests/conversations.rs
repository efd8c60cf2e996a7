//! Whole dialogues.

use super::{Verdict, check, pdus};

#[test]
fn commands_and_replies_are_pdus() {
    for service in ["smtp", "ftp"] {
        check(
            service,
            r"
            <<< 220-hello\r\n220 mail\r\n
            >>> EHLO me\r\nNOOP\n
            <<< 250-a\r\n250-b\r\n250 c\r\n250 d\r\n
            >>> \r\nQUIT\r\nhalf
            <<< 221 bye\r\n
            ",
            r"
            <<< 220-hello\r\n220 mail\r\n
            >>> EHLO me\r\n
            >>> NOOP\n
            <<< 250-a\r\n250-b\r\n250 c\r\n
            <<< 250 d\r\n
            >>> \r\n
            >>> QUIT\r\n
            <<< 221 bye\r\n
            >>> half
            ",
        );
    }
}

#[test]
fn a_message_of_smtp() {
    check(
        "smtp",
        r"
        >>> DATA\r\n
        <<< 354 go\r\n
        >>> Content-Transfer-Encoding: 7bit\r\n\r\n..a\r\n.\r\nQUIT\r\n
        <<< 250 ok\r\n
        ",
        r"
        >>> DATA\r\n
        <<< 354 go\r\n
        >>> Content-Transfer-Encoding: 7bit\r\n\r\n..a\r\n.\r\n | .a\r\n
        >>> QUIT\r\n
        <<< 250 ok\r\n
        ",
    );
    // Each part is a unit; the bytes are in the first.
    check(
        "smtp",
        r"
        >>> DATA\r\n
        >>> Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\none\r\n--B\r\n
        >>> Content-Transfer-Encoding: base64\r\n\r\ndHdv\r\n--B--\r\n.\r\n
        >>> DATA\r\nTo: a\r\n\r\nplain\r\n
        ",
        r"
        >>> DATA\r\n
        >>> Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\none\r\n--B\r\nContent-Transfer-Encoding: base64\r\n\r\ndHdv\r\n--B--\r\n.\r\n | one
        >>>  | two
        >>> DATA\r\n
        >>> To: a\r\n\r\nplain\r\n
        ",
    );
}

#[test]
fn a_message_that_the_server_refuses_is_none() {
    // Replies are told apart from those to commands before.
    check(
        "smtp",
        r"
        >>> MAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\n
        <<< 250 ok\r\n550 no\r\n354 go\r\n
        >>> a\r\n.\r\n
        <<< 250 ok\r\n
        >>> MAIL FROM:<a>\r\nDATA\r\n
        <<< 250 ok\r\n554 no\r\n
        >>> RSET\r\nQUIT\r\n
        ",
        r"
        >>> MAIL FROM:<a>\r\n
        >>> RCPT TO:<b>\r\n
        >>> DATA\r\n
        <<< 250 ok\r\n
        <<< 550 no\r\n
        <<< 354 go\r\n
        >>> a\r\n.\r\n
        <<< 250 ok\r\n
        >>> MAIL FROM:<a>\r\n
        >>> DATA\r\n
        <<< 250 ok\r\n
        <<< 554 no\r\n
        >>> RSET\r\n
        >>> QUIT\r\n
        ",
    );
}

#[test]
fn an_answer_to_a_challenge_is_no_command() {
    check(
        "smtp",
        r"
        >>> AUTH LOGIN\r\n
        <<< 334 x\r\n
        >>> DATA\r\n
        <<< 235 ok\r\n
        >>> NOOP\r\nNOOP\r\n
        ",
        r"
        >>> AUTH LOGIN\r\n
        <<< 334 x\r\n
        >>> DATA\r\n
        <<< 235 ok\r\n
        >>> NOOP\r\n
        >>> NOOP\r\n
        ",
    );
}

#[test]
fn chunks_of_a_message() {
    check(
        "smtp",
        r"
        >>> BDAT 39\r\nContent-Transfer-Encoding: base64\r\n\r\nbmBDAT 6 LAST\r\nVlZGxlQUIT\r\n
        >>> BDAT 2\r\n\r\nRSET\r\nBDAT 36\r\nContent-Transfer-Encoding: 8bit\r\n\r\na
        >>> BDAT 0 LAST\r\n
        ",
        r"
        >>> BDAT 39\r\n
        >>> Content-Transfer-Encoding: base64\r\n\r\nbm
        >>> BDAT 6 LAST\r\n
        >>> VlZGxl | needle
        >>> QUIT\r\n
        >>> BDAT 2\r\n
        >>> \r\n
        >>> RSET\r\n
        >>> BDAT 36\r\n
        >>> Content-Transfer-Encoding: 8bit\r\n\r\na | a
        >>> BDAT 0 LAST\r\n
        ",
    );
}

#[test]
fn responses_of_pop3() {
    // A message with one body has no file_data, as in Snort.
    check(
        "pop3",
        r"
        <<< +OK hello\r\n
        >>> RETR 1\r\nLIST 1\r\nLIST\r\nRETR 2\r\nSTAT\r\n
        <<< +OK\r\nContent-Transfer-Encoding: 7bit\r\n\r\n..a\r\n.\r\n
        <<< +OK 1 2\r\n+OK\r\n1 2\r\n.\r\n-ERR\r\n+OK 1\r\n
        >>> TOP 1 0\r\n
        <<< +OK\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\none\r\n--B--\r\n.\r\n
        ",
        r"
        <<< +OK hello\r\n
        >>> RETR 1\r\n
        >>> LIST 1\r\n
        >>> LIST\r\n
        >>> RETR 2\r\n
        >>> STAT\r\n
        <<< +OK\r\nContent-Transfer-Encoding: 7bit\r\n\r\n..a\r\n.\r\n
        <<< +OK 1 2\r\n
        <<< +OK\r\n1 2\r\n.\r\n
        <<< -ERR\r\n
        <<< +OK 1\r\n
        >>> TOP 1 0\r\n
        <<< +OK\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\none\r\n--B--\r\n.\r\n | one
        ",
    );
    // The command was not seen.
    check(
        "pop3",
        r"
        <<< Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\none\r\n.\r\n+OK\r\n
        ",
        r"
        <<< Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\none\r\n.\r\n | one\r\n
        <<< +OK\r\n
        ",
    );
}

#[test]
fn literals_of_imap() {
    check(
        "imap",
        r"
        <<< * OK hello\r\n
        >>> a LOGIN {2}\r\n
        <<< + go\r\n
        >>> me {3+}\r\n\r\nx\r\nb NOOP\r\n
        <<< * 1 FETCH (BODY[HEADER] {2}\r\n\r\n BODY[] {36}\r\nContent-Transfer-Encoding: 7bit\r\n\r\na FLAGS ())\r\nb OK\r\n
        <<< * LIST () {36}\r\nContent-Transfer-Encoding: 7bit\r\n\r\na\r\n
        ",
        r"
        <<< * OK hello\r\n
        <<< + go\r\n
        >>> a LOGIN {2}\r\nme {3+}\r\n\r\nx\r\n
        >>> b NOOP\r\n
        <<< * 1 FETCH (BODY[HEADER] {2}\r\n\r\n BODY[] {36}\r\nContent-Transfer-Encoding: 7bit\r\n\r\na FLAGS ())\r\n | a
        <<< b OK\r\n
        <<< * LIST () {36}\r\nContent-Transfer-Encoding: 7bit\r\n\r\na\r\n
        ",
    );
}

#[test]
fn a_literal_that_the_server_refuses_does_not_come() {
    check(
        "imap",
        r"
        >>> a APPEND x {9999}\r\n
        <<< * NO shout\r\na NO too big\r\n
        >>> b NOOP\r\nc NOOP\r\n
        >>> d APPEND x {3+}\r\n
        <<< d BAD no\r\n
        >>> e e\r\n
        ",
        r"
        <<< * NO shout\r\n
        <<< a NO too big\r\n
        >>> a APPEND x {9999}\r\n
        >>> b NOOP\r\n
        >>> c NOOP\r\n
        <<< d BAD no\r\n
        >>> d APPEND x {3+}\r\ne e\r\n
        ",
    );
}

#[test]
fn tls_begins_where_it_was_asked_for() {
    for (service, asks, agrees, refuses) in [
        ("smtp", "STARTTLS", "220 go", "454 no"),
        ("pop3", "STLS", "+OK", "-ERR"),
        ("imap", "a STARTTLS", "a OK", "a NO"),
        ("ftp", "AUTH TLS", "234 go", "502 no"),
    ] {
        let begins = |answer: &str, between: &str| {
            let text = format!(
                r">>> {asks}\r\n
                  <<< {answer}\r\n
                  >>> {between}\x16hello"
            );
            pdus(service, &text).1
        };
        let restart = Verdict::Restart {
            reason: "starttls",
            taken: 0,
        };
        assert_eq!(begins(agrees, ""), restart, "{service}");
        for (answer, between) in [(refuses, ""), (agrees, r"NOOP\r\n"), (agrees, "N")] {
            let verdict = begins(answer, between);
            assert_eq!(verdict, Verdict::Continue, "{service} {answer} {between}");
        }
    }
}
