//! The starter rules of `rules/`, each with conversations that fire it and that do not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use dpi_snort::{
    Alert, BypassReason, ChecksumState, Config, Engine, FlowEndpoints, Frame, LinkType, Now,
    Output, SlotTable, Tag,
    detection::Detection,
    parser::{ClassificationConfig, Variables, parse_files},
};
use dpi_tests::conversation::{Conversation, Delivery};

/// `tests/cases/starter/SID-NAME/`.
struct Case {
    sid: u32,
    name: String,
    fires: Conversation,
    quiet: Conversation,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn cases() -> Vec<Case> {
    let folder = repository().join("tests/cases/starter");
    let mut cases: Vec<Case> = fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| read_case(&entry.expect("a readable folder").path()))
        .collect();
    cases.sort_by_key(|case| case.sid);
    cases
}

fn read_case(folder: &Path) -> Case {
    let name = folder.file_name().expect("a name").to_string_lossy();
    let (sid, _) = name.split_once('-').expect("SID-NAME");
    let read = |file: &str| {
        let path = folder.join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Conversation::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    Case {
        sid: sid.parse().expect("SID-NAME begins with a number"),
        name: name.clone().into_owned(),
        fires: read("fires.t"),
        quiet: read("quiet.t"),
    }
}

/// The rule files: name and text.
fn rule_files() -> BTreeMap<String, String> {
    fs::read_dir(repository().join("rules"))
        .expect("the folder rules/")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "rules"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            let text = fs::read_to_string(&path).expect("a readable rule file");
            (name.into_owned(), text)
        })
        .collect()
}

/// Values of a rule option in a text, in order: a plain search, so that it does not
/// depend on the parser under test.
fn option_values<'a>(text: &'a str, option: &str) -> Vec<&'a str> {
    text.split(option)
        .skip(1)
        .map(|rest| rest.split(';').next().unwrap_or(rest))
        .collect()
}

#[test]
fn each_rule_that_alerts_has_a_case_and_each_case_a_rule() {
    let mut alerting = BTreeSet::new();
    for (file, text) in rule_files() {
        for rule in text.split("\nalert ").skip(1) {
            let sid: u32 = option_values(rule, " sid:")[0]
                .parse()
                .unwrap_or_else(|e| panic!("{file}: sid of {rule}: {e}"));
            assert!(sid >= 9_000_001, "{file}: {sid} is not in our range");
            if !rule.contains("flowbits:noalert") {
                assert!(alerting.insert(sid), "{file}: {sid} occurs twice");
            }
        }
    }
    let with_case: BTreeSet<u32> = cases().iter().map(|case| case.sid).collect();
    assert_eq!(alerting, with_case);
    assert!(alerting.len() >= 200, "only {} rules", alerting.len());
}

#[test]
fn class_names_and_reference_systems_are_declared() {
    let read = |name: &str| {
        let path = repository().join("rules").join(name);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let classes = read("classification.config");
    let systems = read("reference.config");
    for (file, text) in rule_files() {
        for class in option_values(&text, "classtype:") {
            let line = format!("config classification: {class},");
            assert!(classes.contains(&line), "{file}: class {class}");
        }
        for reference in option_values(&text, "reference:") {
            let system = reference.split(',').next().unwrap_or_default();
            let line = format!("config reference: {system} ");
            assert!(systems.contains(&line), "{file}: reference {system}");
        }
        let rules = text.matches("\nalert ").count();
        for option in [
            " rev:",
            "msg:",
            "metadata:attack_class",
            "mitre_technique_id",
            "classtype:",
        ] {
            let count = text.matches(option).count();
            assert_eq!(
                count, rules,
                "{file}: {option} must stand once in each rule"
            );
        }
    }
}

#[test]
fn a_near_miss_speaks_to_the_same_service_as_what_fires() {
    for case in cases() {
        assert_eq!(case.fires.protocol, case.quiet.protocol, "{}", case.name);
        assert!(
            case.quiet.also.is_empty(),
            "{}: quiet means quiet",
            case.name
        );
    }
}

/// Sids that the engine finds in a conversation with all starter rules loaded.
fn found(detection: &Arc<Detection>, conversation: &Conversation) -> BTreeSet<u32> {
    let slots = Arc::new(SlotTable::default());
    let mut engine = Engine::new(Config::default(), Arc::clone(detection), slots);
    let mut sids = Sids::default();
    let mut now = Now::from_capture(1_700_000_000_000_000_000);
    for bytes in conversation.frames(&Delivery::default()) {
        now = Now::from_capture(now.wall.0 + 1_000_000);
        let frame = Frame {
            bytes: &bytes,
            link_type: LinkType::Ethernet,
            wire_len: u32::try_from(bytes.len()).expect("a short frame"),
            vlan: None,
            gso_size: 0,
            checksum: ChecksumState::Unknown,
            tag: Tag::default(),
        };
        engine.process(&frame, now, &mut sids);
    }
    engine.finish(now, &mut sids);
    sids.0
}

#[derive(Default)]
struct Sids(BTreeSet<u32>);

impl Output for Sids {
    fn alert(&mut self, alert: &Alert<'_>) {
        self.0.insert(alert.sid);
    }

    fn bypass(&mut self, _tag: Tag, _flow: &FlowEndpoints, _reason: BypassReason) {}
}

fn detection() -> Arc<Detection> {
    let files = rule_files();
    let ruleset = parse_files(
        files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_bytes())),
        &Variables::stock(),
        &ClassificationConfig::default(),
        Arc::default(),
    );
    let errors: Vec<String> = ruleset.errors.iter().map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let (detection, left_out) =
        Detection::compile(ruleset, &Config::default()).expect("rules that compile");
    assert!(left_out.is_empty());
    Arc::new(detection)
}

#[test]
fn what_fires_fires_and_what_is_quiet_is_quiet() {
    let detection = detection();
    let mut wrong = Vec::new();
    for case in cases() {
        let mut expected: BTreeSet<u32> = case.fires.also.iter().copied().collect();
        expected.insert(case.sid);
        let fired = found(&detection, &case.fires);
        if fired != expected {
            wrong.push(format!(
                "{}: fires.t alerts {fired:?}, not {expected:?}",
                case.name
            ));
        }
        let quiet = found(&detection, &case.quiet);
        if !quiet.is_empty() {
            wrong.push(format!("{}: quiet.t alerts {quiet:?}", case.name));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
