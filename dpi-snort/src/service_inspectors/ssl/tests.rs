use super::*;
use crate::service_inspectors::testing::{joined, run, same_at_every_cut};

const HELLO: [u8; 2] = [3, 3];

/// A record.
fn record(kind: u8, version: [u8; 2], body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &version[..], &length[..], body].concat()
}

/// A handshake message.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

fn hello(kind: u8) -> Vec<u8> {
    message(kind, &[&HELLO[..], &[7; 40]].concat())
}

fn handshake(messages: &[Vec<u8>]) -> Vec<u8> {
    record(22, HELLO, &messages.concat())
}

fn ccs() -> Vec<u8> {
    record(20, HELLO, &[1])
}

fn finished() -> Vec<u8> {
    record(22, HELLO, &[0xEE; 40])
}

fn data(text: &[u8]) -> Vec<u8> {
    record(23, HELLO, text)
}

type Conversation = Vec<(bool, Vec<u8>)>;

/// A whole handshake of TLS 1.2, two records of data each way.
fn tls12() -> Conversation {
    let certificate = message(11, &[0x30; 300]);
    let server = [
        hello(2),
        certificate,
        message(12, &[5; 30]),
        message(14, b""),
    ];
    vec![
        (true, record(22, [3, 1], &hello(1))),
        (false, handshake(&server)),
        (
            true,
            [handshake(&[message(16, &[6; 60])]), ccs(), finished()].concat(),
        ),
        (false, [ccs(), finished()].concat()),
        (true, data(b"request")),
        (false, data(b"answer")),
        (true, data(b"more")),
    ]
}

/// What each unit is: direction, length, states and versions by name.
fn facts(conversation: &Conversation) -> (Vec<String>, Verdict) {
    let config = Config::default();
    let mut ssl = Ssl::default();
    let mut units = Vec::new();
    let mut emit = |pdu: &Pdu<'_>| {
        let Some(facts) = pdu.buffers.ssl() else {
            return units.push(format!("plain {}", pdu.payload.len()));
        };
        let states = [
            "client_hello",
            "server_hello",
            "client_keyx",
            "server_keyx",
            "unknown",
        ]
        .into_iter()
        .filter(|name| facts.states.intersects(SslWords::state(name).unwrap()));
        let versions = ["sslv2", "sslv3", "tls1.0", "tls1.1", "tls1.2"]
            .into_iter()
            .filter(|name| facts.versions.intersects(SslWords::version(name).unwrap()));
        let way = if pdu.to_server { '>' } else { '<' };
        let words: Vec<&str> = states.chain(versions).collect();
        units.push(format!("{way}{} {}", pdu.payload.len(), words.join(" ")));
    };
    let mut verdict = Verdict::Continue;
    for (to_server, data) in conversation {
        if verdict == Verdict::Continue {
            let feed = Feed {
                to_server: *to_server,
                data,
                config: &config,
            };
            verdict = ssl.feed(&feed, &mut emit);
        }
    }
    if verdict == Verdict::Continue {
        ssl.finish(true, &config, &mut emit);
        ssl.finish(false, &config, &mut emit);
    }
    (units, verdict)
}

#[test]
fn units_end_where_the_other_end_speaks() {
    let client_keyx = 5 + 64 + 6 + 45;
    let (units, verdict) = facts(&tls12());
    let server = 5 + 46 + 304 + 34 + 4;
    assert_eq!(
        units,
        [
            ">51 client_hello tls1.0 tls1.2".to_owned(),
            format!("<{server} server_hello server_keyx tls1.0 tls1.2"),
            format!(">{client_keyx} client_keyx tls1.0 tls1.2"),
            "<51 tls1.0 tls1.2".to_owned(),
            ">12 tls1.0 tls1.2".to_owned(),
        ]
    );
    assert_eq!(verdict, Verdict::Encrypted);
}

#[test]
fn other_handshakes() {
    let tls13 = vec![
        (true, record(22, [3, 1], &hello(1))),
        (
            false,
            [
                handshake(&[hello(2)]),
                ccs(),
                data(&[9; 50]),
                data(&[9; 60]),
            ]
            .concat(),
        ),
        (true, [ccs(), data(&[8; 30])].concat()),
    ];
    let tls13_units = [
        ">51 client_hello tls1.0 tls1.2",
        "<57 server_hello tls1.0 tls1.2",
        "<55 tls1.0 tls1.2",
        "<65 tls1.0 tls1.2",
        ">6 tls1.0 tls1.2",
    ];
    let ssl2 = vec![
        (true, vec![0x80, 6, 1, 3, 0, 0, 0, 0]),
        (
            false,
            record(22, [3, 0], &[hello(2), message(14, b"")].concat()),
        ),
        (true, record(22, [3, 0], &message(16, &[1; 4]))),
    ];
    let ssl2_units = [
        ">8 client_hello sslv3",
        "<55 server_hello sslv3 tls1.2",
        ">13 client_keyx sslv3 tls1.2",
    ];
    let pure_ssl2 = vec![
        (true, vec![0x80, 5, 1, 0, 2, 0, 0]),
        (false, vec![0x80, 6, 4, 0, 1, 0, 2, 0]),
    ];
    let odd_message = vec![(true, handshake(&[message(99, b"x")]))];
    let cut_short = vec![(true, vec![0x80, 81, 1, 0, 2, 0, 9])];
    let alert = vec![
        (true, record(22, [3, 1], &hello(1))),
        (false, record(21, HELLO, &[2, 40])),
    ];
    for (name, conversation, units, verdict) in [
        ("TLS 1.3", tls13, &tls13_units[..], Verdict::Encrypted),
        ("SSL 2 hello", ssl2, &ssl2_units, Verdict::Continue),
        (
            "SSL 2",
            pure_ssl2,
            &[">7 client_hello sslv2", "<8 server_hello sslv2"],
            Verdict::Continue,
        ),
        ("cut short", cut_short, &[">7 sslv2"], Verdict::Continue),
        (
            "odd",
            odd_message,
            &[">10 unknown tls1.2"],
            Verdict::Continue,
        ),
        (
            "alert",
            alert,
            &[">51 client_hello tls1.0 tls1.2", "<7 tls1.0 tls1.2"],
            Verdict::Continue,
        ),
    ] {
        assert_eq!(
            facts(&conversation),
            (units.iter().map(|s| (*s).to_owned()).collect(), verdict),
            "{name}"
        );
    }
}

#[test]
fn cuts_do_not_matter() {
    let config = Config::default();
    let new = || -> Box<dyn ServiceInspector> { Box::new(Ssl::default()) };
    let (seen, verdict) = same_at_every_cut(&new, &tls12(), &[], &config);
    assert_eq!(seen.len(), 5, "of ciphertext nothing");
    assert_eq!(verdict, Verdict::Encrypted);
    // A message over two records, two messages in one.
    let whole = [hello(1), message(22, &[1; 9])].concat();
    let (first, second) = whole.split_at(3);
    let blocks = vec![(
        true,
        [record(22, HELLO, first), record(22, HELLO, second)].concat(),
    )];
    let (seen, _) = same_at_every_cut(&new, &blocks, &[], &config);
    assert_eq!(joined(&seen).len(), 1);
}

#[test]
fn what_is_no_record_is_a_plain_stream() {
    let config = Config::default();
    for (bytes, reason) in [
        (vec![99, 1, 2], "ssl_record_type"),
        (vec![22, 2, 0], "ssl_record_version"),
        (vec![22, 3, 1, 0x48, 1], "ssl_record_length"),
        (vec![0x80, 6, 1, 3, 0, 0, 0, 0, 0x80], "ssl_record_type"),
    ] {
        let mut ssl = Ssl::default();
        let blocks = [(true, [&bytes[..], b"GET /"].concat())];
        let (seen, verdict) = run(&mut ssl, &blocks, usize::MAX, &[], &config);
        assert_eq!(verdict, Verdict::Abandon(reason));
        let shown: usize = seen.iter().map(|unit| unit.payload.len()).sum();
        assert_eq!(shown, bytes.len() + 5, "{reason}");
    }
}

#[test]
fn gaps() {
    let config = Config::default();
    let mut units = 0;
    let mut emit = |_: &Pdu<'_>| units += 1;
    let certificate = handshake(&[message(11, &[0; 600])]);
    let feed = |ssl: &mut Ssl, to_server, data: &[u8], emit: Emit<'_>| {
        let config = &config;
        ssl.feed(
            &Feed {
                to_server,
                data,
                config,
            },
            emit,
        )
    };
    // Within a record the rest of it is passed over.
    let mut ssl = Ssl::default();
    feed(&mut ssl, false, &certificate[..100], &mut emit);
    assert_eq!(ssl.gap(false, 50, &config, &mut emit), Verdict::Continue);
    let rest = [&certificate[150..], &ccs()[..]].concat();
    assert_eq!(feed(&mut ssl, false, &rest, &mut emit), Verdict::Continue);
    // Beyond it nobody knows where the next begins: of a handshake that is a plain stream,
    // and ciphertext once both ends have changed to it.
    assert_eq!(
        ssl.gap(false, 5000, &config, &mut emit),
        Verdict::Abandon("ssl_gap_in_framing")
    );
    let mut ssl = Ssl::default();
    for to_server in [true, false] {
        feed(&mut ssl, to_server, &ccs(), &mut emit);
    }
    assert_eq!(ssl.gap(true, 5000, &config, &mut emit), Verdict::Encrypted);
    assert!(units > 3);
}

/// However long a flight is, no more of it is held than a plain stream would.
#[test]
fn little_is_held() {
    let config = Config::default();
    let mut ssl = Ssl::default();
    let mut emit = |_: &Pdu<'_>| {};
    let certificate = record(22, HELLO, &[11, 0x00, 0xff, 0xff, 1, 2, 3]);
    for _ in 0..10_000 {
        let feed = Feed {
            to_server: false,
            data: &certificate,
            config: &config,
        };
        assert_eq!(ssl.feed(&feed, &mut emit), Verdict::Continue);
        assert!(ssl.memory() < 2 * config.flush_size + 1024);
    }
}
