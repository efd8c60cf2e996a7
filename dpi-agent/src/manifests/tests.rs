//! Tables of documents, and directories that change.

use std::{
    ffi::OsStr,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{
    directory::{Directory, MAX_FILE, is_manifest},
    document::documents,
    pending::{Changes, Pending},
    *,
};
use crate::{desired::desired, snapshot::Snapshot};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: red}\n\
                   status: {podIP: 10.0.0.1}\n";
const INSPECTION: &str = "apiVersion: projectcalico.org/v3\nkind: DeepPacketInspection\n\
                          metadata: {name: all, namespace: red}\nspec: {selector: all()}\n";

/// A directory of its own with `files`, read once.
fn directory(files: &[(&str, &str)]) -> (TempDir, Directory) {
    let dir = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let mut read = Directory::new(dir.path().to_owned(), None);
    read.rescan(&Changes::default()).unwrap();
    (dir, read)
}

/// What is wrong, with the directory's path taken away.
fn messages(dir: &TempDir, problems: &[Problem]) -> Vec<String> {
    let prefix = format!("{}/", dir.path().display());
    let text = |p: &Problem| p.to_string().replace(&prefix, "");
    problems.iter().map(text).collect()
}

fn pods(snapshot: &Snapshot) -> Vec<String> {
    let name = |p: &std::sync::Arc<crate::snapshot::Pod>| format!("{}/{}", p.namespace, p.name);
    snapshot.pods().iter().map(name).collect()
}

fn selected(snapshot: &Snapshot) -> Vec<String> {
    let endpoints = desired(snapshot).endpoints;
    endpoints
        .iter()
        .map(|e| format!("{}/{}", e.pod.namespace, e.pod.name))
        .collect()
}

#[test]
fn streams_are_cut_into_documents() {
    for (text, want) in [
        ("", vec![]),
        ("\n# only a comment\n", vec![]),
        ("---\n---\n", vec![]),
        ("a: 1\n", vec![(1, "a: 1\n")]),
        ("---\na: 1\n", vec![(1, "\na: 1\n")]),
        ("a: 1\n---\nb: 2\n", vec![(1, "a: 1\n"), (2, "\nb: 2\n")]),
        (
            "a: 1\r\n---\r\nb: 2",
            vec![(1, "a: 1\r\n"), (2, "\r\nb: 2")],
        ),
        (
            "--- {a: 1}\n--- # c\nb: 2\n",
            vec![(1, " {a: 1}\n"), (2, " # c\nb: 2\n")],
        ),
        ("%YAML 1.2\n---\na: 1\n", vec![(2, "\na: 1\n")]),
        (
            "a: 1\n...\n---\nb: 2\n",
            vec![(1, "a: 1\n"), (3, "\nb: 2\n")],
        ),
        ("\u{feff}a: 1\n", vec![(1, "a: 1\n")]),
        // No markers: indented, longer, or without the space after them.
        ("a: |\n  ---\n", vec![(1, "a: |\n  ---\n")]),
        ("----\n", vec![(1, "----\n")]),
        ("---a: 1\n", vec![(1, "---a: 1\n")]),
    ] {
        let found: Vec<_> = documents(text).iter().map(|d| (d.line, d.text)).collect();
        assert_eq!(found, want, "{text:?}");
    }
}

#[test]
fn names_that_are_manifests() {
    for (name, want) in [
        ("a.yaml", true),
        ("a.yml", true),
        ("a.json", true),
        ("a.b.yaml", true),
        ("a.YAML", false),
        ("a.yaml~", false),
        ("a.yaml.swp", false),
        (".a.yaml", false),
        ("..data", false),
        ("yaml", false),
        ("4913", false),
    ] {
        assert_eq!(is_manifest(OsStr::new(name)), want, "{name}");
    }
}

#[test]
fn many_documents_in_many_forms_make_one_snapshot() {
    let (dir, read) = directory(&[
        ("a.yaml", &format!("{INSPECTION}---\n{POD}")),
        (
            "b.json",
            "{\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n\t\"metadata\": {\"name\": \"json\"},\n\
             \t\"status\": {\"podIP\": \"10.0.0.2\"}}",
        ),
        (
            "c.yml",
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  \
             metadata: {name: one, namespace: red}\n- apiVersion: projectcalico.org/v3\n  \
             kind: DeepPacketInspection\n  metadata: {name: listed, namespace: red}\n",
        ),
        (
            "d.yaml",
            "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: untyped, namespace: red}\n",
        ),
        (
            "e.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: red, labels: {team: x}}\n---\n\
             apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot, namespace: red}\n",
        ),
        ("notes.txt", "not: [a manifest"),
        (".hidden.yaml", "not: [a manifest"),
        ("empty.yaml", ""),
    ]);
    let (snapshot, problems) = read.publish();
    assert_eq!(messages(&dir, &problems), [] as [String; 0]);
    assert_eq!(
        pods(&snapshot),
        ["default/json", "red/one", "red/untyped", "red/web"]
    );
    let names: Vec<_> = snapshot
        .inspections()
        .iter()
        .map(|i| i.name.to_string())
        .collect();
    assert_eq!(names, ["red/all", "red/listed"]);
    assert_eq!(
        snapshot.pods()[0].service_account.as_deref(),
        Some("default")
    );
    assert_eq!(selected(&snapshot), ["red/one", "red/untyped", "red/web"]);
}

/// A document and the message for it, which stands after a good document of two lines.
const BAD_DOCUMENTS: &[(&str, &str)] = &[
    ("kind: Pod\n", "x.yaml:7: no apiVersion is given"),
    (
        "apiVersion: v1\nmetadata: {}\n",
        "x.yaml:7: no kind is given",
    ),
    ("a: [1\n", "x.yaml:"),
    ("a: b: c\n", "x.yaml:"),
    ("- a\n- b\n", "x.yaml:"),
    ("just words\n", "x.yaml:"),
    ("\ta: 1\n", "x.yaml:"),
    ("apiVersion: v1\nkind: Pod\nkind: Pod\n", "x.yaml:"),
    (
        "apiVersion: apps/v1\nkind: Deployment\n",
        "x.yaml:7: Deployment (apps/v1) is ignored; DeepPacketInspection (projectcalico.org/v3)",
    ),
    (
        "apiVersion: v2\nkind: Pod\n",
        "x.yaml:7: Pod (v2) is ignored",
    ),
    (
        "apiVersion: crd.projectcalico.org/v1\nkind: DeepPacketInspection\n",
        "DeepPacketInspection (crd.projectcalico.org/v1) is ignored",
    ),
    (
        "apiVersion: v1\nkind: Pod\nmetadata: {namespace: red}\n",
        "x.yaml:8: metadata.name \"\"",
    ),
    (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: A_B}\n",
        "x.yaml:8: metadata.name \"A_B\"",
    ),
    (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels: [a]\n",
        "x.yaml:12:",
    ),
    (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nstatus: {podIP: nonsense}\n",
        "\"nonsense\" is not an IP address",
    ),
    (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: first, namespace: red}\n",
        "x.yaml:8: Pod red/first is there already",
    ),
    (
        "apiVersion: projectcalico.org/v3\nkind: DeepPacketInspection\nmetadata: {name: p}\n\
         spec:\n  selectors: has(a)\n",
        "x.yaml:12:",
    ),
    (
        "apiVersion: projectcalico.org/v3\nkind: DeepPacketInspection\nmetadata: {name: p}\n\
         selector: has(a)\n",
        "x.yaml:11:",
    ),
    (
        "apiVersion: projectcalico.org/v3\nkind: DeepPacketInspection\nmetadata: {name: p}\n\
         spec:\n  selector: [a]\n",
        "x.yaml:12:",
    ),
    (
        "apiVersion: projectcalico.org/v3\nkind: DeepPacketInspection\nmetadata: {name: p}\n\
         spec:\n  selector: a = 'b'\n",
        "x.yaml:12: DeepPacketInspection default/p selects nothing: selector, column 3: `=` is not \
         an operator; write `==`",
    ),
    (
        "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n",
        "x.yaml:11: no apiVersion is given",
    ),
    (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: P}\n",
        "x.yaml:11: metadata.name \"P\"",
    ),
    (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n",
        "x.yaml:11: ConfigMap (v1) is ignored",
    ),
    (
        "apiVersion: projectcalico.org/v3\nkind: DeepPacketInspectionList\nitems:\n\
         - metadata: {name: p}\n  spec: {selectors: x}\n",
        "x.yaml:11:",
    ),
];

#[test]
fn a_bad_document_is_named_and_the_others_are_read() {
    let first = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: first\n  namespace: red\n";
    let last = "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: last\n  namespace: red\n";
    for (bad, part) in BAD_DOCUMENTS {
        let text = format!("# comment\n{first}---\n{bad}{last}");
        let (dir, read) = directory(&[("x.yaml", &text), ("y.yaml", POD)]);
        let (snapshot, problems) = read.publish();
        let messages = messages(&dir, &problems);
        assert_eq!(messages.len(), 1, "{bad:?}: {messages:?}");
        assert!(
            messages[0].contains(part),
            "{bad:?}: {:?} lacks {part:?}",
            messages[0]
        );
        assert!(!messages[0].contains('\n'), "{:?}", messages[0]);
        assert!(messages[0].contains(';'), "no remedy in {:?}", messages[0]);
        assert_eq!(
            pods(&snapshot),
            ["red/first", "red/last", "red/web"],
            "{bad:?}"
        );
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("good.yaml"), POD).unwrap();
    fs::write(at("latin1.yaml"), b"a: \xe9\n").unwrap();
    fs::create_dir(at("dir.yaml")).unwrap();
    std::os::unix::fs::symlink("nowhere", at("link.yaml")).unwrap();
    fs::File::create(at("long.yaml"))
        .unwrap()
        .set_len(MAX_FILE + 1)
        .unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at("pipe.yaml"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let mut read = Directory::new(dir.path().to_owned(), None);
    read.rescan(&Changes::default()).unwrap();
    let (snapshot, problems) = read.publish();
    let messages = messages(&dir, &problems);
    let parts = [
        "dir.yaml: cannot be read (is a directory); name files",
        "latin1.yaml: is not UTF-8 text; save it as UTF-8",
        "link.yaml: cannot be read (No such file or directory",
        "long.yaml: has 8388609 bytes, at most 8388608 are read; split it",
        "pipe.yaml: cannot be read (",
    ];
    assert_eq!(messages.len(), parts.len(), "{messages:?}");
    for (message, part) in messages.iter().zip(parts) {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
    assert_eq!(pods(&snapshot), ["red/web"]);
}

#[test]
fn what_a_bad_file_held_is_kept_and_reported() {
    let (dir, mut read) = directory(&[("a.yaml", &format!("{INSPECTION}---\n{POD}"))]);
    let file = dir.path().join("a.yaml");
    let mut step = |text: Option<&str>| {
        match text {
            Some(text) => fs::write(&file, text).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        read.rescan(&Changes {
            all: true,
            ..Changes::default()
        })
        .unwrap();
        let (snapshot, problems) = read.publish();
        let stale = problems
            .iter()
            .any(|p| matches!(p.reason, Reason::Stale { .. }));
        (selected(&snapshot), problems.len(), stale)
    };
    let both = vec!["red/web".to_owned()];
    assert_eq!(step(Some("not: [yaml")), (both.clone(), 2, true));
    // Bad twice over: still what was there last.
    assert_eq!(step(Some("not: {yaml")), (both.clone(), 2, true));
    // Half good: the good document counts, the rest is kept.
    assert_eq!(
        step(Some(&format!("{POD}---\nnot: [yaml"))),
        (both.clone(), 2, true)
    );
    // Good again, and without the inspection.
    assert_eq!(step(Some(POD)), (vec![], 0, false));
    assert_eq!(
        step(Some(&format!("{INSPECTION}---\n{POD}"))),
        (both.clone(), 0, false)
    );
    // A selector that cannot be read is no bad file: it selects nothing at once.
    let unreadable = INSPECTION.replace("all()", "all(");
    assert_eq!(
        step(Some(&format!("{unreadable}---\n{POD}"))),
        (vec![], 1, false)
    );
    assert_eq!(step(Some("not: [yaml")), (vec![], 2, true));
    assert_eq!(step(None), (vec![], 0, false));
}

#[test]
fn stale_objects_give_way_to_good_ones_of_other_files() {
    let (dir, mut read) = directory(&[("a.yaml", POD)]);
    fs::write(dir.path().join("a.yaml"), "not: [yaml").unwrap();
    let moved = POD.replace("10.0.0.1", "10.0.0.7");
    fs::write(dir.path().join("b.yaml"), moved).unwrap();
    read.rescan(&Changes {
        all: true,
        ..Changes::default()
    })
    .unwrap();
    let (snapshot, problems) = read.publish();
    assert_eq!(
        snapshot.pods()[0].ips,
        ["10.0.0.7".parse::<std::net::IpAddr>().unwrap()]
    );
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn a_directory_that_goes_away_leaves_what_it_held() {
    let (dir, mut read) = directory(&[("a.yaml", POD)]);
    let elsewhere = dir.path().with_extension("moved");
    fs::rename(dir.path(), &elsewhere).unwrap();
    assert!(read.rescan(&Changes::default()).is_err());
    let (snapshot, problems) = read.publish();
    assert_eq!(pods(&snapshot), ["red/web"]);
    assert!(matches!(
        problems[..],
        [Problem {
            reason: Reason::Unreadable { .. },
            ..
        }]
    ));
    fs::rename(&elsewhere, dir.path()).unwrap();
    read.rescan(&Changes::default()).unwrap();
    assert!(read.publish().1.is_empty());
}

#[test]
fn files_being_written_are_left_alone() {
    let (dir, mut read) = directory(&[("a.yaml", POD)]);
    fs::write(dir.path().join("a.yaml"), "apiVersion: v1\n").unwrap();
    fs::write(dir.path().join("b.yaml"), INSPECTION).unwrap();
    let held = ["a.yaml", "b.yaml"].into_iter().map(Into::into).collect();
    let changes = Changes {
        all: true,
        held,
        ..Changes::default()
    };
    read.rescan(&changes).unwrap();
    let (snapshot, problems) = read.publish();
    assert_eq!(
        (
            pods(&snapshot).len(),
            snapshot.inspections().len(),
            problems.len()
        ),
        (1, 0, 0)
    );
    read.rescan(&Changes::default()).unwrap();
    assert_eq!(read.publish().0.inspections().len(), 1);
}

type Ripening = (
    &'static [(u64, &'static str)],
    Option<u64>,
    &'static [&'static str],
    &'static [&'static str],
);

/// What happens after how many milliseconds: `+a` written, `~a` being written, `*` all.
/// Then when it is due, and which names are ripe and held at that time.
const RIPENING: &[Ripening] = &[
    (&[], None, &[], &[]),
    (&[(0, "+a")], Some(50), &["a"], &[]),
    (&[(0, "*")], Some(50), &["*"], &[]),
    (&[(0, "+a"), (40, "+b")], Some(90), &["a", "b"], &[]),
    (&[(0, "+a"), (45, "+a"), (90, "+a")], Some(140), &["a"], &[]),
    // Never quiet: after 250 ms all the same.
    (
        &[
            (0, "+a"),
            (45, "+a"),
            (90, "+a"),
            (135, "+a"),
            (180, "+a"),
            (225, "+a"),
        ],
        Some(250),
        &["a"],
        &[],
    ),
    // Not closed: after 500 ms.
    (&[(0, "~a")], Some(500), &["a"], &[]),
    (&[(0, "~a"), (400, "~a")], Some(900), &["a"], &[]),
    // Closed after all.
    (&[(0, "~a"), (10, "+a")], Some(60), &["a"], &[]),
    // Another is read meanwhile.
    (&[(0, "~a"), (10, "+b")], Some(60), &["b"], &["a"]),
    // Written again after it was closed: not now.
    (&[(0, "+a"), (10, "~a")], Some(50), &["a"], &["a"]),
];

#[test]
fn changes_ripen() {
    let start = Instant::now();
    let at = |millis| start + Duration::from_millis(millis);
    for (events, due, ripe, held) in RIPENING {
        let mut pending = Pending::default();
        for (millis, event) in *events {
            match event.split_at(1) {
                ("+", name) => pending.settled(OsStr::new(name), at(*millis)),
                ("~", name) => pending.writing(OsStr::new(name), at(*millis)),
                _ => pending.everything(at(*millis)),
            }
        }
        assert_eq!(pending.due(), due.map(at), "{events:?}");
        let Some(due) = due else {
            assert_eq!(pending.take(at(10_000)), None);
            continue;
        };
        assert_eq!(pending.take(at(due - 1)), None, "{events:?}");
        let changes = pending.take(at(*due)).unwrap();
        let mut names: Vec<_> = changes.names.iter().filter_map(|n| n.to_str()).collect();
        if changes.all {
            names.push("*");
        }
        assert_eq!(names, *ripe, "{events:?}");
        let held_now: Vec<_> = changes.held.iter().filter_map(|n| n.to_str()).collect();
        assert_eq!(held_now, *held, "{events:?}");
        let again = pending.due();
        assert_eq!(again.is_some(), !held.is_empty(), "{events:?}");
    }
}

/// Waits until `source` selects `want`, at most the second that is promised.
async fn selects(source: &DirectorySource, want: &[&str], what: &str) {
    let mut snapshots = source.snapshots();
    let reached = snapshots.wait_for(|snapshot| selected(snapshot) == want);
    let waited = tokio::time::timeout(Duration::from_secs(1), reached).await;
    assert!(
        waited.is_ok_and(|closed| closed.is_ok()),
        "{what}: not {want:?} within a second"
    );
}

fn replace(dir: &Path, name: &str, text: &str) {
    let temporary = dir.join("4913");
    fs::write(&temporary, text).unwrap();
    fs::rename(temporary, dir.join(name)).unwrap();
}

#[tokio::test]
async fn changes_are_followed_within_a_second() {
    let dir = TempDir::new().unwrap();
    let path = dir.path();
    fs::write(path.join("pod.yaml"), POD).unwrap();
    let source = DirectorySource::start(path.to_owned(), None).unwrap();
    selects(&source, &[], "at first").await;

    fs::write(path.join("dpi.yaml"), INSPECTION).unwrap();
    selects(&source, &["red/web"], "written").await;
    fs::remove_file(path.join("dpi.yaml")).unwrap();
    selects(&source, &[], "removed").await;
    replace(path, "dpi.yaml", INSPECTION);
    selects(&source, &["red/web"], "renamed into place").await;
    fs::write(path.join("dpi.yaml"), INSPECTION.replace("all()", "has(x)")).unwrap();
    selects(&source, &[], "overwritten").await;
    fs::rename(path.join("dpi.yaml"), path.join("dpi.off")).unwrap();
    fs::write(path.join("dpi.off"), INSPECTION).unwrap();
    fs::hard_link(path.join("dpi.off"), path.join("dpi.yaml")).unwrap();
    selects(&source, &["red/web"], "linked").await;
    fs::remove_file(path.join("dpi.yaml")).unwrap();
    selects(&source, &[], "unlinked").await;

    // A ConfigMap volume: files are links through `..data`, which is swapped.
    for (version, text) in [("..1", INSPECTION), ("..2", "")] {
        fs::create_dir(path.join(version)).unwrap();
        fs::write(path.join(version).join("dpi.yaml"), text).unwrap();
    }
    std::os::unix::fs::symlink("..1", path.join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/dpi.yaml", path.join("dpi.yaml")).unwrap();
    selects(&source, &["red/web"], "link through a ConfigMap volume").await;
    std::os::unix::fs::symlink("..2", path.join("..tmp")).unwrap();
    fs::rename(path.join("..tmp"), path.join("..data")).unwrap();
    selects(&source, &[], "ConfigMap volume swapped").await;
}

#[tokio::test]
async fn a_directory_made_anew_is_followed() {
    let parent = TempDir::new().unwrap();
    let path = parent.path().join("manifests");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("all.yaml"), format!("{INSPECTION}---\n{POD}")).unwrap();
    let source = DirectorySource::start(path.clone(), None).unwrap();
    selects(&source, &["red/web"], "at first").await;
    fs::rename(&path, parent.path().join("old")).unwrap();
    let mut problems = source.problems();
    let noticed = problems.wait_for(|problems| !problems.is_empty());
    tokio::time::timeout(Duration::from_secs(1), noticed)
        .await
        .unwrap()
        .unwrap();
    selects(&source, &["red/web"], "kept while the directory is gone").await;
    fs::create_dir(&path).unwrap();
    fs::write(path.join("pod.yaml"), POD).unwrap();
    selects(&source, &[], "another directory").await;
    fs::write(path.join("dpi.yaml"), INSPECTION).unwrap();
    selects(&source, &["red/web"], "followed again").await;
}

#[test]
fn a_directory_that_is_none_is_refused_with_a_remedy() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [dir.path().join("missing"), file] {
        let error = DirectorySource::start(path.clone(), None)
            .unwrap_err()
            .to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
        assert!(error.contains("name an existing directory"), "{error}");
    }
}
