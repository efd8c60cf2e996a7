//! What one connection may hold.

use super::*;

fn with(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    change(&mut config);
    config
}

/// What a conversation tells, and the limits that it hits.
fn limited(
    conversation: &[(bool, Vec<u8>)],
    config: &Config,
) -> (Vec<(String, String)>, Vec<&'static str>) {
    let mut dce = Dce::default();
    let (seen, verdict) = run(&mut dce, conversation, usize::MAX, &[], config);
    assert_eq!(verdict, Verdict::Continue);
    let mut labels = Vec::new();
    dce.limits_hit(&mut |label| labels.push(label));
    (told(&seen), labels)
}

#[test]
fn contexts() {
    let conversation = [
        bind(&[(0, 3), (1, 4)]),
        ack(&[0, 0]),
        asks(1, (0, 7), b""),
        asks(2, (1, 7), b""),
    ];
    let (told, labels) = limited(&conversation, &with(|c| c.dce_max_contexts = 1));
    assert_eq!(labels, ["dce_max_contexts"]);
    // The oldest is forgotten.
    assert_eq!(told[0].0, "v- op 7 first Little");
    assert_eq!(told[1].0, "v4 op 7 first Little");
    assert!(limited(&conversation, &Config::default()).1.is_empty());
}

#[test]
fn calls() {
    let conversation = [
        asks(1, (0, 7), b""),
        asks(2, (0, 8), b""),
        answers(1, 0, b""),
        answers(2, 0, b""),
    ];
    let (told, labels) = limited(&conversation, &with(|c| c.dce_max_calls = 1));
    assert_eq!(labels, ["dce_max_calls"]);
    assert_eq!(told[2].0, "v- op - first Little");
    assert_eq!(told[3].0, "v- op 8 first Little");
    assert!(limited(&conversation, &Config::default()).1.is_empty());
}

/// What is too long is judged in pieces; only the first begins the request.
#[test]
fn joined_bytes() {
    let piece = [b'x'; 100];
    let mut conversation = vec![part(FIRST, 1, &piece)];
    conversation.extend((0..8).map(|_| part(0, 1, &piece)));
    conversation.push(part(LAST, 1, &piece));
    let config = with(|c| c.dce_max_joined = 500);
    let (told, labels) = limited(&conversation, &config);
    assert!(labels.contains(&"dce_max_joined"));
    let joined: Vec<(&str, usize)> = told
        .iter()
        .filter(|(_, stub)| stub.len() > 100)
        .map(|(facts, stub)| (facts.as_str(), stub.len()))
        .collect();
    let (first, later) = ("v- op 7 first Little", "v- op 7 later Little");
    assert_eq!(joined, [(first, 500), (later, 500)]);
    assert!(limited(&conversation, &Config::default()).1.is_empty());
}

/// Fragments of other calls give way.
#[test]
fn joined_bytes_of_other_calls() {
    let piece = [b'x'; 100];
    let conversation = [
        part(FIRST, 1, &piece),
        part(FIRST, 2, &piece),
        part(LAST, 2, &piece),
        part(LAST, 1, &piece),
    ];
    let config = with(|c| c.dce_max_joined = 400);
    let (told, labels) = limited(&conversation, &config);
    assert_eq!(labels, ["dce_max_joined"]);
    let lengths: Vec<usize> = told.iter().map(|(_, stub)| stub.len()).collect();
    assert_eq!(lengths, [100, 100, 200, 100]);
}

#[test]
fn memory() {
    let mut dce = Dce::default();
    let config = with(|c| c.dce_max_joined = 1000);
    let piece = [b'x'; 100];
    let many = (0..1000).map(|call| part(FIRST, call, &piece));
    let conversation: Conversation = many.collect();
    run(&mut dce, &conversation, usize::MAX, &[], &config);
    let held = dce.memory();
    assert!(held < 16_384, "{held} bytes");
}
