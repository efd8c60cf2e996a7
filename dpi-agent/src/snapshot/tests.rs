//! Tables for reading objects and for the labels that pods present.

use dpi_api::selector::LabelLookup;
use serde_json::{Value, json};

use super::*;

fn object<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn pod(value: Value) -> Result<Pod, ObjectError> {
    Pod::from_object(&object(value), Annotations::Honour)
}

fn builder_with(pods: impl IntoIterator<Item = Value>) -> Builder {
    let mut builder = Builder::new(Some("here".to_owned()));
    for value in pods {
        builder.pod(&object(value), Annotations::Honour).unwrap();
    }
    builder
}

#[test]
fn a_pod_presents_own_system_and_inherited_labels() {
    let long_name = "a".repeat(63);
    let mut builder = builder_with([
        json!({
            "metadata": {"name": "p", "namespace": "red", "labels": {
                "app": "web",
                "projectcalico.org/namespace": "forged",
                "projectcalico.org/orchestrator": "forged",
                "projectcalico.org/serviceaccount": "forged",
                "pcns.team": "own",
            }},
            "spec": {"serviceAccountName": "robot"},
        }),
        json!({
            "metadata": {"name": "q", "namespace": "blue", "labels": {
                "projectcalico.org/serviceaccount": "own",
            }},
            "spec": {"serviceAccountName": long_name},
        }),
    ]);
    builder
        .namespace(&object(json!({"metadata": {"name": "red", "labels": {
            "team": "inherited", "tier": "gold", "projectcalico.org/name": "forged",
        }}})))
        .unwrap();
    builder
        .service_account(&object(
            json!({"metadata": {"name": "robot", "namespace": "red",
            "labels": {"role": "db"}}}),
        ))
        .unwrap();
    builder
        .service_account(&object(
            json!({"metadata": {"name": "robot", "namespace": "blue",
            "labels": {"role": "of another namespace"}}}),
        ))
        .unwrap();
    let snapshot = builder.build();
    for (name, label, want) in [
        ("p", "app", Some("web")),
        ("p", "nothing", None),
        ("p", "projectcalico.org/namespace", Some("red")),
        ("p", "projectcalico.org/orchestrator", Some("k8s")),
        ("p", "projectcalico.org/serviceaccount", Some("robot")),
        ("p", "projectcalico.org/name", None),
        ("p", "pcns.projectcalico.org/name", Some("red")),
        ("p", "pcns.tier", Some("gold")),
        ("p", "pcns.team", Some("own")),
        ("p", "pcns.nothing", None),
        ("p", "pcns.", None),
        ("p", "pcsa.projectcalico.org/name", Some("robot")),
        ("p", "pcsa.role", Some("db")),
        ("p", "role", None),
        ("q", "projectcalico.org/namespace", Some("blue")),
        // Too long a name for the system label: then the pod's own label stands.
        ("q", "projectcalico.org/serviceaccount", Some("own")),
        ("q", "pcns.tier", None),
        ("q", "pcns.projectcalico.org/name", Some("blue")),
        ("q", "pcsa.role", None),
    ] {
        let pod = snapshot.pods().iter().find(|p| p.name == name).unwrap();
        assert_eq!(snapshot.labels_of(pod).label(label), want, "{name} {label}");
    }
}

#[test]
fn service_account_names_up_to_62_characters_are_labels() {
    for (len, is_label) in [(1, true), (62, true), (63, false), (64, false)] {
        let account = "s".repeat(len);
        let snapshot = builder_with([json!({
            "metadata": {"name": "p", "namespace": "red"},
            "spec": {"serviceAccountName": account},
        })])
        .build();
        let labels = snapshot.labels_of(&snapshot.pods()[0]);
        let label = labels.label("projectcalico.org/serviceaccount");
        assert_eq!(label.is_some(), is_label, "{len}");
        assert_eq!(labels.label("pcsa.projectcalico.org/name"), Some(&*account));
    }
}

#[test]
fn a_pod_is_read_from_its_object() {
    let read = pod(json!({
        "metadata": {"name": "p", "namespace": "red", "uid": "u-1",
            "annotations": {
                "dpi-agent.dev/interface": "veth0", "dpi-agent.dev/cgroup": "/sys/fs/cgroup/a/b/",
            }},
        "spec": {"nodeName": "here", "hostNetwork": true, "serviceAccountName": "robot"},
        "status": {"phase": "Running", "podIP": "10.0.0.1",
            "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]},
    }))
    .unwrap();
    assert_eq!(read.uid, PodUid("u-1".to_owned()));
    assert_eq!(
        read.ips,
        [
            "10.0.0.1".parse::<IpAddr>().unwrap(),
            "fd00::1".parse().unwrap()
        ]
    );
    assert_eq!(
        read.interface.as_ref().map(InterfaceName::as_str),
        Some("veth0")
    );
    assert_eq!(read.cgroup.as_ref().map(CgroupPath::as_str), Some("/a/b"));
    assert!(read.host_network && !read.finished && read.own_ips().is_empty());

    let bare = pod(json!({"metadata": {"name": "p", "namespace": "red"}})).unwrap();
    assert_eq!(bare.uid, PodUid("red/p".to_owned()));
    assert!(bare.ips.is_empty() && !bare.host_network && !bare.finished);
}

#[test]
fn annotations_of_an_api_server_are_not_believed() {
    let annotated = object(
        json!({"metadata": {"name": "p", "namespace": "red", "annotations": {
        "dpi-agent.dev/interface": "eth0", "dpi-agent.dev/cgroup": "/system.slice"}}}),
    );
    let pod = Pod::from_object(&annotated, Annotations::Ignore).unwrap();
    assert_eq!((pod.interface, pod.cgroup), (None, None));
}

#[test]
fn phases_that_finish_a_pod() {
    for (phase, finished) in [
        ("Pending", false),
        ("Running", false),
        ("Unknown", false),
        ("Succeeded", true),
        ("Failed", true),
    ] {
        let read = pod(json!({
            "metadata": {"name": "p", "namespace": "red"},
            "status": {"phase": phase, "podIP": "10.0.0.1"},
        }))
        .unwrap();
        assert_eq!(read.finished, finished, "{phase}");
        assert_eq!(read.own_ips().is_empty(), finished, "{phase}");
    }
}

#[test]
fn interface_names_and_cgroup_paths_are_checked() {
    for name in ["eth0", "cali0123456789a", "a", "veth@x", "..."] {
        assert!(InterfaceName::new_checked(name).is_ok(), "{name}");
    }
    for name in [
        "",
        ".",
        "..",
        "sixteen_chars_xx",
        "a b",
        "a/b",
        "a:1",
        "a\0",
        "a\n",
    ] {
        assert!(InterfaceName::new_checked(name).is_err(), "{name:?}");
    }
    for (path, want) in [
        ("/a", "/a"),
        ("/a/b.slice/c", "/a/b.slice/c"),
        ("/a/", "/a"),
        ("/sys/fs/cgroup/a", "/a"),
        ("/a b", "/a b"),
    ] {
        assert_eq!(CgroupPath::new_checked(path).unwrap().as_str(), want);
    }
    for path in [
        "",
        "/",
        "//",
        "a",
        "/..",
        "/a/../b",
        "/a//b",
        "/./a",
        "/sys/fs/cgroup",
        "/sys/fs/cgroup/",
        "/a\0",
    ] {
        assert!(CgroupPath::new_checked(path).is_err(), "{path:?}");
    }
}

#[test]
fn objects_that_cannot_be_meant_are_refused() {
    let long = "n".repeat(254);
    for (value, part) in [
        (
            json!({"metadata": {"namespace": "red"}}),
            "metadata.name \"\"",
        ),
        (
            json!({"metadata": {"name": "p"}}),
            "metadata.namespace \"\"",
        ),
        (
            json!({"metadata": {"name": "Upper", "namespace": "red"}}),
            "metadata.name \"Upper\"",
        ),
        (
            json!({"metadata": {"name": "a_b", "namespace": "red"}}),
            "a_b",
        ),
        (
            json!({"metadata": {"name": "-a", "namespace": "red"}}),
            "-a",
        ),
        (
            json!({"metadata": {"name": "a-", "namespace": "red"}}),
            "a-",
        ),
        (
            json!({"metadata": {"name": "a..b", "namespace": "red"}}),
            "a..b",
        ),
        (
            json!({"metadata": {"name": "../x", "namespace": "red"}}),
            "../x",
        ),
        (
            json!({"metadata": {"name": "p", "namespace": "r\ned"}}),
            "metadata.namespace",
        ),
        (
            json!({"metadata": {"name": long, "namespace": "red"}}),
            "at most 253",
        ),
        (
            json!({"metadata": {"name": "p", "namespace": "red"}, "status": {"podIP": "10.0.0"}}),
            "\"10.0.0\" is not an IP address",
        ),
        (
            json!({"metadata": {"name": "p", "namespace": "red"},
                "status": {"podIPs": [{"ip": "fd00::1"}, {"ip": ""}]}}),
            "\"\" is not an IP address",
        ),
        (
            json!({"metadata": {"name": "p", "namespace": "red",
                "annotations": {"dpi-agent.dev/interface": "a/b"}}}),
            "host-side name",
        ),
        (
            json!({"metadata": {"name": "p", "namespace": "red",
                "annotations": {"dpi-agent.dev/cgroup": "x"}}}),
            "/proc/PID/cgroup",
        ),
    ] {
        let mut builder = Builder::new(None);
        let error = builder
            .pod(&object(value.clone()), Annotations::Honour)
            .unwrap_err();
        assert!(error.to_string().contains(part), "{value}: {error}");
        assert!(builder.build().pods().is_empty());
    }
}

#[test]
fn the_first_of_two_objects_with_one_name_counts() {
    let mut builder = builder_with([json!({
        "metadata": {"name": "p", "namespace": "red", "labels": {"which": "first"}}
    })]);
    let again = json!({"metadata": {"name": "p", "namespace": "red"}});
    let error = builder
        .pod(&object(again), Annotations::Honour)
        .unwrap_err();
    assert!(error.to_string().contains("Pod red/p is there already"));
    let snapshot = builder.build();
    assert_eq!(snapshot.pods()[0].labels["which"], "first");
}

#[test]
fn pods_of_other_nodes_name_peers_only() {
    let pod = |name: &str, node: Value, ip: &str| {
        json!({"metadata": {"name": name, "namespace": "red"},
            "spec": {"nodeName": node}, "status": {"podIP": ip}})
    };
    let snapshot = builder_with([
        pod("a", json!("here"), "10.0.0.1"),
        pod("b", json!("there"), "10.0.0.2"),
        pod("c", Value::Null, "10.0.0.3"),
    ])
    .build();
    let names = |pods: &[Arc<Pod>]| pods.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(snapshot.pods()), ["a", "c"]);
    assert_eq!(names(snapshot.pods_elsewhere()), ["b"]);
    let peer = snapshot.pod_by_ip("10.0.0.2".parse().unwrap()).unwrap();
    assert_eq!(peer.name, "b");
}

#[test]
fn an_address_names_a_pod_only_if_it_is_that_pods_alone() {
    let pod = |name: &str, spec: Value, phase: &str, ip: &str| {
        json!({"metadata": {"name": name, "namespace": "red"}, "spec": spec,
            "status": {"podIP": ip, "phase": phase}})
    };
    let snapshot = builder_with([
        pod("plain", json!({}), "Running", "10.0.0.1"),
        pod(
            "on-the-host",
            json!({"hostNetwork": true}),
            "Running",
            "10.0.0.9",
        ),
        pod("finished", json!({}), "Succeeded", "10.0.0.1"),
        pod("one-of-two", json!({}), "Running", "10.0.0.3"),
        pod("two-of-two", json!({}), "Running", "10.0.0.3"),
    ])
    .build();
    for (ip, want) in [
        ("10.0.0.1", Some("plain")),
        ("10.0.0.9", None),
        ("10.0.0.3", None),
        ("10.0.0.4", None),
    ] {
        let pod = snapshot.pod_by_ip(ip.parse().unwrap());
        assert_eq!(pod.map(|p| p.name.as_str()), want, "{ip}");
    }
}
