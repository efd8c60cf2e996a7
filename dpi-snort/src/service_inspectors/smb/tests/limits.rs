//! What one connection may hold.

use super::{smb2::write, *};

/// The limits that a conversation hits with a change of the configuration and, at the end,
/// what is held; with the defaults it hits none.
fn limits(
    blocks: &[(bool, Vec<u8>)],
    change: impl FnOnce(&mut Config),
) -> (Vec<&'static str>, usize) {
    let run_with = |config: &Config| {
        let mut smb = Smb::default();
        let (_, verdict) = run(&mut smb, blocks, usize::MAX, &[], config);
        assert_eq!(verdict, Verdict::Continue);
        let mut labels = Vec::new();
        smb.limits_hit(&mut |label| labels.push(label));
        labels.dedup();
        (labels, smb.memory())
    };
    assert!(run_with(&Config::default()).0.is_empty());
    let mut config = Config::default();
    change(&mut config);
    run_with(&config)
}

fn many(message: impl Fn(u8) -> Vec<u8>) -> Conversation {
    (0..40)
        .map(|number| (true, packet(&message(number))))
        .collect()
}

fn reply(number: u8, command: u16) -> Vec<u8> {
    let mut message = smb2::message((command, 1, 1), &[16, 0, 2, 0]);
    message[36] = number;
    message
}

#[test]
fn of_one_connection() {
    let trees = many(|number| reply(number, 3));
    assert_eq!(
        limits(&trees, |c| c.smb_max_trees = 30).0,
        ["smb_max_trees"]
    );
    let pipes = many(|number| write(0, [number; 16], 0, &bind()));
    assert_eq!(
        limits(&pipes, |c| c.smb_max_pipes = 30).0,
        ["smb_max_pipes"]
    );
    let reads = many(|number| smb2::message((8, 0, number.into()), &[0; 40]));
    assert_eq!(
        limits(&reads, |c| c.smb_max_requests = 30).0,
        ["smb_max_requests"]
    );
    let half = |number| {
        write(
            0,
            [number; 16],
            0,
            &request((FIRST, 1), (0, 7), &[b'x'; 1000]),
        )
    };
    let (labels, held) = limits(&many(half), |c| c.smb_memory = 16 << 10);
    assert_eq!(labels, ["smb_memory"]);
    assert!(held < 24 << 10, "{held} bytes");
}

/// A pipe that is closed gives way before one that is in use.
#[test]
fn closed_pipes_are_forgotten_first() {
    let config = Config {
        smb_max_pipes: 2,
        ..Config::default()
    };
    let to = |id: u8, pdu: &[u8]| (true, packet(&write(0, [id; 16], 0, pdu)));
    let close = [&[24, 0, 0, 0, 0, 0, 0, 0][..], &[2; 16]].concat();
    let blocks = [
        to(1, &bind()),
        to(2, &bind()),
        (true, packet(&smb2::message((6, 0, 9), &close))),
        to(3, &bind()),
        to(1, &ask()),
    ];
    let mut smb = Smb::default();
    let (seen, _) = run(&mut smb, &blocks, usize::MAX, &[], &config);
    let told: Vec<&str> = seen.iter().filter_map(|unit| unit.dce.as_deref()).collect();
    assert_eq!(told, [ASKED]);
}
